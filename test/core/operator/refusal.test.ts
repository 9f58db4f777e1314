/** Two people act on one order: the second sees it again, and nothing is done. */
import { expect, test } from 'vitest';
import { basisOf, requireUnchanged } from '../../../functions/core/operator/refusal.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import type { Line, Order } from '../../../functions/core/order/types.ts';
import { isUnpaid } from '../../../functions/core/order/view.ts';

const line: Line = {
  ...{ id: 1, sku: 'x', quantity: 1, via: 'mail', state: 'held', product: null, reason: 'unknown_product' },
};
const seen: Order = {
  ...emptyOrder('plain#1', 'plain', false, 0),
  ...{
    paidAt: '2026-11-23T03:00:00.000Z',
    buyer: { name: 'Zoë' },
    lines: [line],
    heldAt: '2026-11-23T03:00:00.000Z',
  },
};

test.each<[string, Partial<Order>, boolean]>([
  ['the buyer', { buyer: { name: 'Zoë Lindqvist' } }, true],
  ['a line', { lines: [{ ...line, product: 'widget', reason: 'no_name' }] }, true],
  ['the hold', { heldAt: undefined }, true],
  ['the person, who is erased', { erasedAt: '2026-11-23T04:00:00.000Z' }, true],
  [
    'a reversal only',
    { reversals: new Map([['r', { kind: 'refund', state: 'done', part: 'partial' }]]) },
    false,
  ],
  ['the version only', { version: 7 }, false],
])('an action is not applied after a change of %s', (_, change, isStopped) => {
  const act = () => requireUnchanged(basisOf(seen), { ...seen, ...change });
  if (!isStopped) return expect(act).not.toThrow();
  expect(act).toThrow('plain#1 has changed since you saw it, so nothing is done');
  expect(act).toThrow(expect.objectContaining({ order: expect.objectContaining({ key: 'plain#1' }) }));
});

test('an order is unpaid while its lines are known and no payment is', () => {
  const announced: Order = { ...seen, paidAt: undefined, lines: [{ ...line, state: 'pending' }] };
  const orders = [announced, seen, { ...announced, lines: [] }];
  expect(orders.map(isUnpaid)).toEqual([true, false, false]);
});
