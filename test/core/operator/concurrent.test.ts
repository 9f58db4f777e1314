/** Two changes of one item at once: a manual action beside another, a send, an import or the provider's next event. */
import { describe, expect, test } from 'vitest';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { unparsedEvent } from '../../../functions/core/inbound/event.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { recordEvents, releaseUnreadable, reread } from '../../../functions/core/inbound/reread.ts';
import { reissueLines, transferOrder } from '../../../functions/core/operator/issue.ts';
import { releaseOrder } from '../../../functions/core/operator/release.ts';
import { change } from '../../../functions/core/order/change.ts';
import { basis, erase, importLine, type Result, resend } from '../../../functions/core/order/manual.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { KEY, seller, serial } from '../../fixtures/catalogue.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: { name: 'Widget', serial, skus: { plain: ['w'] }, floor: { EUR: '10.00' } },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] } },
  },
});
const versions = [{ version: 1, key: KEY }];
const inputs = { catalogue, keys: { widget: versions, gadget: versions } };
const by = { who: 'me', why: null };
const noProducts = new Map<string, string>();

const sold = (changes: object = {}, value = '30.00') => ({
  ...{ kind: 'paid', id: '1', test: false, buyer: { name: 'Zoë Lindqvist', email: 'zoe@example.com' } },
  lines: [{ sku: 'w', quantity: 1, paid: { value, currency: 'EUR' } }],
  ...changes,
});
const nameless = sold({ buyer: { email: 'zoe@example.com' } });

type World = ReturnType<typeof memoryWorld>;
type Step = (order: Order, now: number) => Result | { readonly sku: string } | string;

const KEY_OF_ORDER = 'plain#1';
const ACTIONS = {
  release: (order, now) =>
    releaseOrder(inputs, order, { name: 'Ann', products: noProducts }, undefined, by, now),
  'another release': (order, now) =>
    releaseOrder(inputs, order, { name: 'Bea', products: noProducts }, undefined, by, now),
  reissue: (order, now) => reissueLines(inputs, order, { name: 'Ann', isChosen: () => true }, by, now),
  'another reissue': (order, now) =>
    reissueLines(inputs, order, { name: 'Bea', isChosen: () => true }, by, now),
  resend: (order, now) => resend(order, undefined, by, now),
  'resend elsewhere': (order, now) => resend(order, 'new@example.com', by, now),
  transfer: (order, now) => transferOrder(inputs, order, { name: 'Bea', email: 'bea@example.com' }, by, now),
  erase: (order, now) => erase(order, by, now),
} as const satisfies Record<string, Step>;
type Action = keyof typeof ACTIONS;

const stored = ({ items }: World): Order => {
  const item = items.get(KEY_OF_ORDER);
  if (item?.kind !== 'order') throw new Error('no order');
  return item;
};

/** A person reads the order now and acts when the returned function is called, as the commands do. */
function decide(world: World, action: Action): () => Promise<'done' | 'shown again'> {
  const seen = stored(world);
  return async () => {
    try {
      await change(world.ports.store, KEY_OF_ORDER, seen, (found) => {
        if (found && basis(found) !== basis(seen)) throw new Error('the order has changed');
        const made = found && ACTIONS[action](found, world.state.now);
        return typeof made === 'object' && 'key' in made ? made : undefined;
      });
      return 'done';
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'the order has changed') throw error;
      return 'shown again';
    }
  };
}

/** What is left after an hour: the licensees, and the mails with their addresses. */
async function endOf(world: World) {
  for (let run = 0; run < 3; run += 1) {
    world.state.now += 20 * 60_000;
    await world.redeliver();
  }
  const order = view(stored(world));
  return {
    status: order.status,
    licensees: order.lines.map(({ licensee, superseded = [] }) => [
      licensee,
      ...superseded.map((one) => one.licensee),
    ]),
    due: order.dueAt,
    mails: world.mails.map(({ to, subject }) => `${to} ${subject.split(' for ')[0]}`),
  };
}

const MAILED = 'zoe@example.com Your serial';

describe('two people at once on one item', () => {
  test.each<[Action, Action, object]>([
    ['release', 'another release', nameless],
    ['release', 'erase', nameless],
    ['erase', 'release', nameless],
    ['reissue', 'another reissue', sold()],
    ['reissue', 'transfer', sold()],
    ['transfer', 'reissue', sold()],
    ['transfer', 'erase', sold()],
    ['erase', 'transfer', sold()],
    ['resend elsewhere', 'reissue', sold()],
  ])(
    'after the action "%s", the action "%s" of another person shows the order again',
    async (first, second, sale) => {
      const [alone, both] = [memoryWorld(catalogue), memoryWorld(catalogue)];
      for (const world of [alone, both]) await world.deliver([sale]);
      await decide(alone, first)();
      const [one, other] = [decide(both, first), decide(both, second)];
      expect([await one(), await other()]).toEqual(['done', 'shown again']);
      expect(await endOf(both)).toEqual(await endOf(alone));
      expect(stored(both).audit).toHaveLength(1);
    },
  );

  test('a mail that both ask for goes out once more', async () => {
    const world = memoryWorld(catalogue);
    await world.deliver([sold()]);
    const both = [decide(world, 'resend'), decide(world, 'resend')];
    await Promise.all(both.map((one) => one()));
    expect((await endOf(world)).mails).toEqual([MAILED, MAILED]);
  });
});

test.each<[Action, object]>([
  ['resend', { licensees: [['Zoë Lindqvist']], mails: [MAILED] }],
  ['resend elsewhere', { mails: [MAILED, 'new@example.com Your serial'] }],
  ['reissue', { licensees: [['Ann', 'Zoë Lindqvist']], mails: [MAILED, MAILED] }],
  [
    'transfer',
    {
      licensees: [['Bea', 'Zoë Lindqvist']],
      mails: [MAILED, 'bea@example.com Your serial', 'zoe@example.com Your licence'],
    },
  ],
  ['erase', { status: 'erased', licensees: [[null]], mails: [MAILED] }],
  ['release', { licensees: [['Zoë Lindqvist']], mails: [MAILED] }],
])('%s during a send has one end state, whether it was decided before or during it', async (action, end) => {
  const decidedDuring = memoryWorld(catalogue);
  decidedDuring.state.meanwhile = () => decide(decidedDuring, action)();
  await decidedDuring.deliver([sold()]);
  expect(await endOf(decidedDuring)).toMatchObject({ due: null, ...end });
  const decidedBefore = memoryWorld(catalogue);
  decidedBefore.state.outcome = { kind: 'throttled', code: 'Throttling' };
  await decidedBefore.deliver([sold()]);
  decidedBefore.state.outcome = undefined;
  decidedBefore.state.meanwhile = decide(decidedBefore, action);
  expect(await endOf(decidedBefore)).toMatchObject({ due: null, ...end });
});

const imported = { sku: 'widget', product: 'widget', quantity: 1, licensee: 'Zoë Lindqvist', keyVersion: 1 };
test.each<[string, readonly object[], string, string]>([
  ['that has another serial', [sold()], 'OTHER', 'other serial'],
  ['that has this serial', [sold()], 'own', 'unchanged'],
  ['that is held', [nameless], 'OTHER', 'held'],
  ['that is announced', [sold({ kind: 'announced' })], 'OTHER', 'unpaid'],
])('an import over a live order %s changes nothing', async (_, events, text, why) => {
  const world = memoryWorld(catalogue);
  await world.deliver(events);
  const order = stored(world);
  const own = text === 'own' ? (view(order).lines[0]?.serial ?? '') : text;
  const past = { paidAt: '2020-01-01', buyer: { name: 'X' } };
  expect(importLine(order, { ...imported, serial: own }, past, by, world.state.now)).toBe(why);
});

test('an imported order whose sale states an invalid address is held when it is reissued', async () => {
  const world = memoryWorld(catalogue);
  const past = { paidAt: '2020-01-01', buyer: {} };
  const order = importLine(
    emptyOrder(KEY_OF_ORDER, 'plain', false, 0),
    { ...imported, serial: 'OLD' },
    past,
    by,
    world.state.now,
  );
  if (typeof order !== 'object') throw new Error(order);
  await world.ports.store.put(order, undefined);
  await world.deliver([sold({ buyer: { name: 'Zoë Lindqvist', email: 'zoe@localhost' } })]);
  await decide(world, 'reissue')();
  world.state.now += 3_600_000;
  await world.redeliver();
  expect(world.mails).toEqual([]);
  expect(view(stored(world))).toMatchObject({ held: ['bad_address'], dueAt: null });
});

describe('a release while the provider repeats the event', () => {
  test.each([
    ['the same event', nameless, 'done'],
    ['an event that names the buyer', sold(), 'shown again'],
  ])('%s', async (_, event, result) => {
    const world = memoryWorld(catalogue);
    await world.deliver([nameless]);
    const release = decide(world, 'release');
    await world.deliver([event]);
    expect(await release()).toBe(result);
    await world.deliver([event]);
    const licensee = result === 'done' ? 'Ann' : 'Zoë Lindqvist';
    expect(await endOf(world)).toMatchObject({ licensees: [[licensee]], mails: [MAILED] });
  });
});

describe('an order that a person made of an unparseable notification', () => {
  const sale = sold({ id: '1' });
  let isFixed = false;
  const broken = {
    ...plain,
    read: (...args: Parameters<typeof plain.read>) => (isFixed ? plain.read(...args) : JSON.parse('{')),
  };
  const portsOf = ({ ports }: World) => ({ ...ports, providers: { plain: broken } });
  const unreadable = (world: World) => {
    const item = [...world.items.values()].find((one) => one.kind === 'unreadable' && one.state === 'held');
    if (item?.kind !== 'unreadable' || item.state !== 'held' || !item.raw) throw new Error('nothing is held');
    return { item, raw: item.raw };
  };
  const releaseBy = (world: World, { item }: ReturnType<typeof unreadable>) =>
    releaseUnreadable(portsOf(world), item, '1', (order) => {
      const corrections = { name: 'Ann', email: 'ann@example.com', products: new Map([['w', 'widget']]) };
      const made = releaseOrder(inputs, order, corrections, undefined, by, world.state.now);
      return typeof made === 'string' ? undefined : made;
    });
  const rereadBy = async (world: World, { item, raw }: ReturnType<typeof unreadable>) =>
    recordEvents(portsOf(world), item, raw, await reread(portsOf(world), raw), by);

  test.each([
    ['released, then read again', [releaseBy, rereadBy], 'Ann'],
    ['read again, then released', [rereadBy, releaseBy], 'Zoë Lindqvist'],
    ['released twice', [releaseBy, releaseBy], 'Ann'],
  ] as const)('%s, keeps what came first', async (_, steps, licensee) => {
    isFixed = false;
    const world = memoryWorld(catalogue);
    await world.deliver([sale], broken);
    isFixed = true;
    // Both people have read the item before either acts.
    const seen = unreadable(world);
    for (const step of steps) await step(world, seen);
    await world.deliver([sale], broken);
    const { licensees, mails, status } = await endOf(world);
    expect([licensees, mails.length, status]).toEqual([[[licensee]], 1, 'paid']);
    expect(world.stored()).toHaveLength(1);
  });

  test.each([
    ['a request, of which an event', false],
    ['an event, which', true],
  ])('%s still cannot be parsed when it is read again, stays held', async (_, isEvent) => {
    const world = memoryWorld(catalogue);
    const unparsed = unparsedEvent('evt_1', false, new Rejection('bad_body', 'not as documented'), undefined);
    isFixed = isEvent;
    await world.deliver([unparsed], broken);
    const seen = unreadable(world);
    isFixed = true;
    expect(await rereadBy(world, seen)).toMatchObject([{ kind: 'unreadable', state: 'held' }]);
    expect(unreadable(world).raw).toEqual(seen.raw);
  });
});
