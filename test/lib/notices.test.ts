/** The notices that reading a catalogue prints. A notice is no mistake. */
import { expect, test } from 'vitest';
import { noticesOf } from '../../lib/build/load-catalogue.ts';
import { catalogueWith, serial } from '../fixtures/catalogue.ts';

test.each([
  [
    'a listed link',
    ['prod_1', 'plink_1'],
    {},
    [expect.stringContaining('Payment Link plink_1 sells exactly one copy')],
  ],
  ['an adjustable link', ['plink_1'], { adjustable: ['plink_1'] }, []],
  ['no link', ['prod_1'], {}, []],
])('of Stripe with %s', (_, stripe, options, notices) => {
  const products = { one: { name: 'One', serial, skus: { stripe } } };
  expect(noticesOf(catalogueWith({ providers: { stripe: { options } }, products }))).toEqual(notices);
});
