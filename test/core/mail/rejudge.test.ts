/** Held orders after a deployment or a changed key: they are judged again, by the same checks. */
import { expect, test } from 'vitest';
import { type Catalogue, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { Provider } from '../../../functions/core/inbound/provider.ts';
import type { Reader } from '../../../functions/core/inbound/reread.ts';
import { judgedBy, type ListHeld, rejudgeHeld } from '../../../functions/core/mail/rejudge.ts';
import { KEY, seller, serial } from '../../fixtures/catalogue.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const catalogueOf = (skus: readonly string[], floor?: string): Catalogue =>
  defineConfig({
    seller,
    providers: { plain: {} },
    products: {
      widget: { name: 'Widget', serial, skus: { plain: [...skus] }, ...(floor && { floor: { EUR: floor } }) },
    },
  });
const eur = (value: string) => ({ value, currency: 'EUR' });
const buyer = { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' };
const line = { sku: 'w', quantity: 1, paid: eur('30.00') };
const sale = { kind: 'paid', id: '1', test: false, amount: eur('30.00'), buyer, lines: [line] };
const unparseable: Provider = { ...plain, read: () => JSON.parse('{') };

interface Shop {
  readonly catalogue: Catalogue;
  readonly provider?: Provider;
  readonly keys?: Reader['productKeys'];
}
const WITH_KEY = { widget: [{ version: 1, key: KEY }] };

/** A system that holds `events`, and the runs of `redeliver` after what has changed. */
async function held(events: readonly object[], before: Shop) {
  const world = memoryWorld(before.catalogue);
  const keys = before.keys ?? WITH_KEY;
  const shared = { ...world.shared, productKeys: { read: async () => keys, newer: async () => undefined } };
  Object.assign(world.shared, shared);
  await world.deliver(events, before.provider);
  const ids = () => world.orders().flatMap(({ key, heldAt }) => (heldAt ? key : []));
  expect(ids()).toHaveLength(1);
  let reads = 0;
  const list: ListHeld = async () => ({ keys: ids() });
  const run = async (after: Shop) => {
    const reader: Reader = {
      ...{ catalogue: after.catalogue, providers: { plain: after.provider ?? plain } },
      ...{ providerKeys: { plain: { signing: ['secret'] } }, productKeys: after.keys ?? WITH_KEY },
      ...{ ask: async () => '', now: world.ports.now },
    };
    return await rejudgeHeld(
      world.ports,
      reader,
      judgedBy(after.provider ? 'old code' : 'code', after.catalogue, reader),
      (...args) => {
        reads += 1;
        return list(...args);
      },
    );
  };
  return { world, ids, run, reads: () => reads };
}

const known = catalogueOf(['w']);

test.each<[string, Shop, Shop]>([
  ['an SKU that was added', { catalogue: catalogueOf(['other']) }, { catalogue: known }],
  ['a key that was set', { catalogue: known, keys: {} }, { catalogue: known }],
  [
    'a floor that was lowered',
    { catalogue: catalogueOf(['w'], '39') },
    { catalogue: catalogueOf(['w'], '29') },
  ],
  ['a parser that was fixed', { catalogue: known, provider: unparseable }, { catalogue: known }],
])('the order goes out after %s', async (_, before, after) => {
  const { world, ids, run } = await held([sale], before);
  expect(await run(before)).toBe(true);
  expect(ids()).toHaveLength(1);
  expect(await run(after)).toBe(true);
  expect(ids()).toEqual([]);
  await world.redeliver();
  expect(world.mails).toHaveLength(1);
  // The provider repeats the event.
  await world.deliver([sale]);
  expect(world.mails).toHaveLength(1);
  expect(world.stored().flatMap(({ lines }) => lines)).toHaveLength(1);
});

test.each<[string, object, Shop]>([
  ['whose name is missing', { buyer: { email: buyer.email } }, { catalogue: catalogueOf(['w'], '1') }],
  [
    'whose price is below the new floor too',
    { amount: eur('5.00'), lines: [{ ...line, paid: eur('5.00') }] },
    { catalogue: catalogueOf(['w'], '35') },
  ],
  [
    'that the provider lacks data of',
    { lines: [{ ...line, held: 'no_buyer' }] },
    { catalogue: catalogueOf(['w'], '1') },
  ],
])('an order %s stays held', async (_, change, after) => {
  const { world, ids, run } = await held([{ ...sale, ...change }], { catalogue: catalogueOf(['w'], '39') });
  await run(after);
  expect(ids()).toHaveLength(1);
  await world.redeliver();
  expect(world.mails).toEqual([]);
});

test('nothing is listed while nothing has changed, and a page at a time otherwise', async () => {
  const { run, reads, world } = await held([sale], { catalogue: catalogueOf(['other']) });
  await run({ catalogue: catalogueOf(['other']) });
  expect(reads()).toBe(1);
  await run({ catalogue: catalogueOf(['other']) });
  expect(reads()).toBe(1);
  await run({ catalogue: catalogueOf(['more']) });
  expect(reads()).toBe(2);
  expect(world.mails).toEqual([]);
});
