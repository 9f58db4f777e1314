/** Tests the checks that need the table of providers: a floor without a stated price, and PayPal's payee. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadCatalogue } from '../../lib/build/load-catalogue.ts';
import { seller, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-catalogue-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
async function mistakesIn(providers: object, skus: object, floor: object = { floor: { EUR: '10.00' } }) {
  files += 1;
  const file = join(folder, `${files}.config.ts`);
  const products = { widget: { name: 'Widget', serial, skus, ...floor } };
  writeFileSync(file, `export default ${JSON.stringify({ seller, providers, products })};`);
  return await loadCatalogue(file).then(
    () => '',
    (error: Error) => error.message,
  );
}

const form = (fields: object) => ({
  proof: { address: 'key' },
  fields: { id: 'order', sku: 'item', ...fields },
});
const unpriced = (provider: string, sku: string) =>
  `products.widget.floor: found a floor, but ${provider} never states the price of "${sku}"; write no floor, or have the price stated as docs/providers says`;

test.each<[what: string, providers: object, skus: object, mistakes: string]>([
  [
    'a product of FastSpring that it fetches by a licence call is refused',
    { fastspring: { options: { answers: ['w'] } } },
    { fastspring: ['w', 'w-mailed'] },
    unpriced('fastspring', 'w'),
  ],
  [
    'a product of FastSpring that arrives by webhook is accepted',
    { fastspring: {} },
    { fastspring: ['w'] },
    '',
  ],
  [
    'a form without a price field is refused, whatever its name',
    { iportis: { as: 'form', options: form({ currency: 'EUR' }) } },
    { iportis: ['w'] },
    unpriced('iportis', 'w'),
  ],
  [
    'a form without a currency is refused',
    { form: { options: form({ price: 'p' }) } },
    { form: ['w'] },
    unpriced('form', 'w'),
  ],
  [
    'a form with both is accepted',
    { form: { options: form({ price: 'p', currency: 'EUR' }) } },
    { form: ['w'] },
    '',
  ],
  ['any other provider is accepted', { shop: {}, stripe: {} }, { shop: ['w'], stripe: ['w'] }, ''],
])('a floor for %s', async (_, providers, skus, mistakes) => {
  expect(await mistakesIn(providers, skus)).toBe(mistakes);
});

const PAYEE = 'write the merchant ID or the mail address of your PayPal account, or a list of them';
testEach<[payee: unknown, found: string]>([
  [undefined, 'nothing'],
  ['', 'invalid format'],
  [[], 'too small'],
  [[5], 'invalid union'],
])('PayPal whose payee is $0 is refused', async (payee, found) => {
  expect(await mistakesIn({ paypal: { options: { payee } } }, { paypal: ['w'] })).toBe(
    `providers.paypal.options.payee: found ${found}; ${PAYEE}; see docs/providers`,
  );
});

testEach([
  ['EXAMPLEMERCH1'],
  ['sales@widgets.example.com'],
  [['EXAMPLEMERCH1', 'sales@widgets.example.com']],
])('PayPal whose payee is $0 may be enabled', async (payee) => {
  expect(await mistakesIn({ paypal: { options: { payee } } }, { paypal: ['w'] })).toBe('');
});

test('a product without a floor may have no price field', async () => {
  expect(await mistakesIn({ form: { options: form({}) } }, { form: ['w'] }, {})).toBe('');
});

test('a catalogue is compiled again if a file that it imports has changed', async () => {
  const [file, part] = [join(folder, 'parted.config.ts'), join(folder, 'part.ts')];
  const settings = { providers: { shop: {} }, products: { widget: { serial, skus: { shop: ['w'] } } } };
  writeFileSync(
    file,
    `import { name } from './part.ts'; const { providers, products: { widget } } = ${JSON.stringify(settings)};
    export default { seller: ${JSON.stringify(seller)}, providers, products: { widget: { ...widget, name } } };`,
  );
  for (const name of ['Widget', 'Widget', 'Gadget']) {
    writeFileSync(part, `export const name = '${name}';`);
    expect((await loadCatalogue(file)).products.widget?.name).toBe(name);
  }
});
