/** Held orders after a deployment or a changed key: they are judged again, by the same checks. */
import { expect, test } from 'vitest';
import { fixedSecret } from '../../../functions/aws/secrets.ts';
import { type Catalogue, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { ProductKeys } from '../../../functions/core/catalogue/keys.ts';
import type { Provider } from '../../../functions/core/inbound/provider.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
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
  readonly keys?: ProductKeys;
}
const WITH_KEY = { widget: [{ version: 1, key: KEY }] };

/** A system that holds `events`, and the runs of `redeliver` after what has changed. */
async function held(events: readonly object[], before: Shop) {
  const world = memoryWorld(before.catalogue);
  const keys = before.keys ?? WITH_KEY;
  Object.assign(world.ports, { productKeys: fixedSecret(keys) });
  await world.deliver(events, before.provider);
  const ids = () => world.orders().flatMap(({ key, heldAt }) => (heldAt ? key : []));
  expect(ids()).toHaveLength(1);
  let reads = 0;
  const list: ListHeld = async () => ({ keys: ids() });
  const run = async (after: Shop) => {
    const ports = {
      ...world.ports,
      ...{ catalogue: after.catalogue, providers: { plain: after.provider ?? plain } },
      productKeys: fixedSecret(after.keys ?? WITH_KEY),
    };
    const digest = await judgedBy(after.provider ? 'old code' : 'code', ports);
    return await rejudgeHeld(ports, digest, (...args) => {
      reads += 1;
      return list(...args);
    });
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
  await run(before);
  expect(ids()).toHaveLength(1);
  await run(after);
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

test('nothing is listed while nothing has changed, but once more after ten minutes', async () => {
  const { run, reads, world } = await held([sale], { catalogue: catalogueOf(['other']) });
  const listedAt = async (minutes: number, sku: string) => {
    world.state.now += minutes * 60_000;
    const before = reads();
    return [await run({ catalogue: catalogueOf([sku]) }), reads() - before];
  };
  expect(await listedAt(0, 'other')).toEqual([false, 1]);
  expect(await listedAt(9, 'other')).toEqual([false, 0]);
  expect(await listedAt(1, 'other')).toEqual([true, 1]);
  expect(await listedAt(60, 'other')).toEqual([true, 0]);
  expect(await listedAt(0, 'more')).toEqual([false, 1]);
  expect(world.mails).toEqual([]);
});

test('an order that a Lambda holds with the key in its cache is judged ten minutes later', async () => {
  const { world, ids, run } = await held([sale], { catalogue: known, keys: {} });
  await run({ catalogue: known });
  expect(ids()).toEqual([]);
  await world.deliver([{ ...sale, id: '2' }]);
  await run({ catalogue: known });
  expect(ids()).toEqual(['plain#2']);
  world.state.now += 10 * 60_000;
  expect(await run({ catalogue: known })).toBe(true);
  expect(ids()).toEqual([]);
});

test('a provider whose API does not answer does not stop the others, and is asked once in ten minutes', async () => {
  const both = (skus: string[]) =>
    defineConfig({
      seller,
      providers: { plain: {}, other: {} },
      products: { widget: { name: 'Widget', serial, skus: { plain: skus, other: skus } } },
    });
  const world = memoryWorld(both(['none']));
  for (const id of ['1', '2']) await world.deliver([{ ...sale, id }]);
  for (const id of ['3', '4']) await world.deliver([{ ...sale, id }], undefined, 'other');
  let asked = 0;
  let isDown = true;
  const read: Provider['read'] = (request, context) => {
    asked += 1;
    if (isDown) throw new Rejection('provider_unavailable', 'the API is busy');
    return plain.read(request, context);
  };
  const ports = {
    ...world.ports,
    catalogue: both(['w']),
    providers: { plain: { ...plain, read }, other: { ...plain, name: 'other' } },
  };
  const ids = () => world.orders().flatMap(({ key, heldAt }) => (heldAt ? key : []));
  const run = () => rejudgeHeld(ports, 'digest', async () => ({ keys: ids() }));
  expect([await run(), ids(), asked]).toEqual([false, ['plain#1', 'plain#2'], 1]);
  expect([await run(), asked]).toEqual([false, 1]);
  world.state.now += 10 * 60_000;
  expect([await run(), asked]).toEqual([false, 2]);
  isDown = false;
  world.state.now += 10 * 60_000;
  expect([await run(), ids()]).toEqual([true, []]);
});
