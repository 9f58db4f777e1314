/** Releases held orders: every reason has a fix, and no serial ever changes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CatalogueSettings, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { HeldReason } from '../../../functions/core/inbound/event.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { type Corrections, releaseOrder } from '../../../functions/core/operator/release.ts';
import { changeItem } from '../../../functions/core/order/change.ts';
import { applyMailEvent, holdByAge, type MailEventKind } from '../../../functions/core/order/sends.ts';
import { applyReversal } from '../../../functions/core/order/transitions.ts';
import type { Item, Order, Unreadable } from '../../../functions/core/order/types.ts';
import { asOrder, type OrderView } from '../../../functions/core/order/view.ts';
import { decrypt, KEY, seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld, plain } from '../../fixtures/memory.ts';

const latin: CatalogueSettings['products'][string] = {
  name: 'Latin',
  serial: { ...serial, charset: 'windows-1252', name: { maxBytes: 20 } },
  skus: { plain: ['l'] },
};
const settings: CatalogueSettings = {
  seller,
  providers: { plain: { testOrders: 'seller' } },
  products: {
    widget: { name: 'Widget', serial, skus: { plain: ['w'] }, floor: { EUR: '10.00' } },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] } },
    latin,
  },
};
const catalogue = defineConfig(settings);
const keys = {
  widget: [{ version: 1, key: KEY }],
  gadget: [{ version: 1, key: KEY }],
  latin: [{ version: 1, key: KEY }],
};
const known = { catalogue, keys };

const eur = (value: string) => ({ value, currency: 'EUR' });
const zoe = { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@example.com' };
const sold = (change: object = {}) => ({
  kind: 'paid',
  id: '1',
  test: false,
  buyer: zoe,
  lines: [{ sku: 'w', quantity: 1, paid: eur('30.00') }],
  ...change,
});
const corrected = ({
  products = {},
  ...rest
}: {
  name?: string;
  email?: string;
  products?: Record<string, string>;
} = {}): Corrections => ({
  ...rest,
  products: new Map(Object.entries(products)),
});

/** An order after the complete pipeline, and the manual actions on it. */
async function arrived(sale: unknown, provider = plain) {
  const world = memoryWorld(catalogue);
  expect(await world.deliver([sale], provider)).toBe(true);
  const order = () => {
    const [one] = world.orders();
    if (!one) throw new Error('no order');
    return one;
  };
  const write = async (step: (order: Order) => Order | string | undefined) => {
    world.state.now += 1_000;
    const item = world.items.get(order().key);
    await changeItem<Order | Unreadable>(world.ports.store, order().key, item, isReleasable, (found) => {
      const next = found && step(found.kind === 'order' ? found : asOrder(found));
      return typeof next === 'string' ? undefined : next;
    });
    return order();
  };
  const release = (corrections: Corrections, using = known) =>
    write((found) => releaseOrder(using, found, corrections, undefined, actor, world.state.now));
  return { world, order, write, release };
}

const isReleasable = <Some extends Item>(item: Some): item is Some & (Order | Unreadable) =>
  item.kind === 'order' || item.kind === 'unreadable';
const actor = { who: 'seller', why: null };
const held = ({ lines }: Pick<OrderView, 'lines'>) => lines.map((line) => line.held);
const unreadable = { ...plain, read: () => Promise.reject(new Rejection('bad_body', 'not as documented')) };
const NOW = Date.parse('2026-11-23T03:00:00Z');
/** SES reports this of the first mail. */
const sent = (kind: MailEventKind) => (order: Order) =>
  applyMailEvent(order, { kind, messageId: 'message-1', send: 1 }, NOW);
/** The mail has been due for three days. */
const aged = (order: Order) =>
  holdByAge({ ...order, sends: [], outbox: { since: '2026-11-20T03:00:00.000Z' } }, NOW);

describe('a release resolves the reason', () => {
  const elsewhere = 'zoe@elsewhere.example.com';
  const cases: readonly {
    reason: HeldReason;
    sale?: unknown;
    provider?: typeof plain;
    before?: (order: Order) => Order | undefined;
    cure?: Parameters<typeof corrected>[0];
    using?: typeof known;
    licensee?: string;
    to?: string;
    mails?: number;
  }[] = [
    { reason: 'bad_body', provider: unreadable, cure: { ...zoe, products: { w: 'widget' } } },
    {
      reason: 'unknown_product',
      sale: sold({ lines: [{ sku: 'old-w', quantity: 2 }] }),
      cure: { products: { 'old-w': 'widget' } },
    },
    {
      reason: 'unknown_product',
      sale: sold({ lines: [{ sku: 'new-w', quantity: 1 }] }),
      using: {
        keys,
        catalogue: defineConfig({
          ...settings,
          products: { widget: { name: 'Widget', serial, skus: { plain: ['new-w'] } } },
        }),
      },
    },
    { reason: 'unknown_product', sale: sold({ lines: [] }), cure: { products: { w: 'widget' } } },
    { reason: 'no_name', sale: sold({ buyer: { email: zoe.email } }), cure: { name: '  Zoë  Lindqvist' } },
    {
      reason: 'unmappable_name',
      sale: sold({ buyer: { ...zoe, name: '田中' }, lines: [{ sku: 'l', quantity: 1 }] }),
      cure: { name: 'Tanaka' },
      licensee: 'Tanaka',
    },
    {
      reason: 'name_too_long',
      sale: sold({
        buyer: { ...zoe, name: 'Zoë Lindqvist of the Lindqvists' },
        lines: [{ sku: 'l', quantity: 1 }],
      }),
      cure: { name: 'Z Lindqvist' },
      licensee: 'Z Lindqvist',
    },
    {
      reason: 'bad_address',
      sale: sold({ buyer: { ...zoe, email: 'zoe@nowhere' } }),
      cure: { email: elsewhere },
      to: elsewhere,
    },
    { reason: 'below_floor', sale: sold({ lines: [{ sku: 'w', quantity: 1, paid: eur('9.99') }] }) },
    { reason: 'price_unknown', sale: sold({ lines: [{ sku: 'w', quantity: 1 }] }) },
    {
      reason: 'no_buyer',
      sale: sold({ buyer: {}, lines: [{ sku: 'w', quantity: 1, paid: eur('30.00'), held: 'no_buyer' }] }),
      cure: zoe,
    },
    {
      reason: 'mail_refused',
      before: sent('reject'),
      mails: 2,
    },
    {
      reason: 'mail_age',
      before: aged,
      cure: { email: elsewhere },
      to: elsewhere,
      mails: 2,
    },
    { reason: 'bounced', before: sent('bounce'), cure: { email: elsewhere }, to: elsewhere, mails: 2 },
    { reason: 'bounced', before: sent('bounce'), mails: 2 },
  ];
  testEach(cases.map((one) => [one.reason, one.cure ?? {}, one] as const))(
    '$0 by a release where $1',
    async (
      _reason,
      _cure,
      {
        reason,
        sale = sold(),
        provider,
        before,
        cure,
        using,
        licensee = zoe.name,
        to = zoe.email,
        mails = 1,
      },
    ) => {
      const { world, order, write, release } = await arrived(sale, provider);
      const had = order().lines[0]?.serial;
      if (before) await write(before);
      expect(held(order())).toEqual([reason]);
      expect(held(await release(corrected(cure), using))).toEqual([null]);
      expect(order().heldAt).toBeNull();
      expect(order().raw).toBeUndefined();
      await world.redeliver();
      expect(world.mails).toHaveLength(mails);
      expect(world.mails.at(-1)).toMatchObject({ to, text: expect.stringContaining(`\n${licensee}\n`) });
      const made = order().lines[0]?.serial;
      expect(decrypt(made ?? '')).toBe(licensee);
      if (had) expect(made).toBe(had);
      expect(order().mail.state).toBe('sent');
    },
  );

  test('product_key: the key', async () => {
    const world = memoryWorld(catalogue);
    const none = { read: async () => ({}), newer: async () => undefined };
    world.ports.productKeys = none;
    await world.deliver([sold()]);
    const [order] = world.orders();
    expect(order && held(order)).toEqual(['product_key']);
    const [stored] = world.stored();
    const next = stored && releaseOrder(known, stored, corrected(), undefined, actor, world.state.now);
    expect(next).toMatchObject({ lines: [{ state: 'issued', issued: { licensee: zoe.name } }] });
  });
});

describe('a release', () => {
  test('changes no serial, whatever the corrections and the present keys are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            name: fc.string(),
            email: fc.constant('new@example.com'),
            products: fc.constant({ g: 'gadget', w: 'latin' }),
          },
          { requiredKeys: [] },
        ),
        async (cure) => {
          const { order, release } = await arrived(
            sold({
              lines: [
                { sku: 'w', quantity: 1, paid: eur('30.00') },
                { sku: 'x', quantity: 1 },
              ],
            }),
          );
          const [before] = order().lines;
          await release(corrected(cure), {
            catalogue,
            keys: { ...keys, widget: [{ version: 2, key: 'another-16-bytes' }] },
          });
          expect(order().lines[0]).toMatchObject({
            serial: before?.serial,
            licensee: before?.licensee,
            keyVersion: 1,
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  test('leaves a line held that lacks something, and mails the others once', async () => {
    const { world, order, release } = await arrived(
      sold({
        lines: [
          { sku: 'w', quantity: 1, paid: eur('30.00') },
          { sku: 'g-old', quantity: 1 },
          { sku: 'x', quantity: 1 },
        ],
      }),
    );
    expect(world.mails).toHaveLength(1);
    expect(held(await release(corrected({ products: { 'g-old': 'gadget' } })))).toEqual([
      null,
      null,
      'unknown_product',
    ]);
    await world.redeliver();
    expect(world.mails).toHaveLength(2);
    expect(world.mails[1]?.text).toContain('Gadget');
    expect(world.mails[1]?.text).not.toContain('Widget\n');
    expect(order().heldAt).toEqual(expect.any(String));
  });

  test('keeps the mail state if no new mail is sent', async () => {
    const { order, release } = await arrived(
      sold({
        lines: [
          { sku: 'w', quantity: 1, paid: eur('30.00') },
          { sku: 'x', quantity: 1 },
        ],
      }),
    );
    const { mail } = order();
    expect(mail).toMatchObject({ state: 'sent', messageId: 'message-1' });
    expect((await release(corrected({ name: 'Zoe' }))).mail).toEqual(mail);
  });

  test('keeps a correction until the other values are known', async () => {
    const { release } = await arrived(sold({ buyer: {}, lines: [{ sku: 'x', quantity: 1 }] }));
    expect(held(await release(corrected({ products: { x: 'widget' } })))).toEqual(['no_name']);
    expect(held(await release(corrected({ name: 'Zoë Lindqvist' })))).toEqual(['bad_address']);
    // Naming the product approves no price for later.
    expect(held(await release(corrected({ email: 'zoe@example.com' })))).toEqual(['price_unknown']);
    const order = await release(corrected());
    expect(held(order)).toEqual([null]);
    expect(decrypt(order.lines[0]?.serial ?? '')).toBe('Zoë Lindqvist');
  });

  test('uses another name of the buyer if the product asks for that now', async () => {
    const { release } = await arrived(
      sold({ buyer: { ...zoe, name: '田中', company: 'Tanaka KK' }, lines: [{ sku: 'l', quantity: 1 }] }),
    );
    const byCompany = defineConfig({ ...settings, products: { latin: { ...latin, licensee: ['company'] } } });
    expect((await release(corrected(), { keys, catalogue: byCompany })).lines[0]?.licensee).toBe('Tanaka KK');
  });
});

test('a correction of the name approves no price', async () => {
  const { release } = await arrived(
    sold({ buyer: { email: zoe.email }, lines: [{ sku: 'w', quantity: 1, paid: eur('1.00') }] }),
  );
  expect(held(await release(corrected({ name: 'Zoë' })))).toEqual(['below_floor']);
  expect(held(await release(corrected()))).toEqual([null]);
});

test('a SKU that was released to a product of the order adds no line when it is reported again', async () => {
  const event = sold({
    lines: [
      { sku: 'w', quantity: 1, paid: eur('39.00') },
      { sku: 'x', quantity: 1, paid: eur('39.00') },
    ],
  });
  const { world, release } = await arrived(event);
  const order = await release(corrected({ products: { x: 'widget' } }));
  expect(order.lines).toMatchObject([{ sku: 'w', product: 'widget', quantity: 2, held: null }]);
  await world.deliver([event]);
  expect(world.orders()).toEqual([order]);
});

test('a placeholder becomes several lines, none of which gets its price', async () => {
  const { order, release } = await arrived(
    sold({ lines: [{ sku: '', quantity: 1, held: 'unknown_product', paid: eur('30.00') }] }),
  );
  await release(corrected({ products: { w: 'widget', g: 'gadget' } }));
  expect(
    order().lines.map(({ sku, product, paid, held: why }) => ({ sku, product, paid, held: why })),
  ).toEqual([
    { sku: 'w', product: 'widget', paid: undefined, held: null },
    { sku: 'g', product: 'gadget', paid: undefined, held: null },
  ]);
});

test('a line whose SKU is ignored by now is dropped', async () => {
  const { order, release } = await arrived(sold({ lines: [{ sku: 'consulting', quantity: 1 }] }));
  const ignoring = defineConfig({ ...settings, providers: { plain: { ignore: ['consulting'] } } });
  await release(corrected(), { keys, catalogue: ignoring });
  expect(order()).toMatchObject({ lines: [], heldAt: null, dueAt: null });
});

test('a serial that the provider should have printed is mailed, because the answer was sent before', async () => {
  const { world, order, release } = await arrived(
    sold({
      buyer: { email: zoe.email },
      lines: [{ sku: 'w', quantity: 1, paid: eur('30.00'), delivery: 'answer' }],
    }),
  );
  await release(corrected({ name: 'Zoë' }));
  await world.redeliver();
  expect(world.mails).toHaveLength(1);
  expect(order().lines[0]).toMatchObject({ delivery: 'mail', sent: true });
});

test('a line of a later event has the corrected name and address, else what its event says', async () => {
  const later = (change: object) => sold({ lines: [{ sku: 'g', quantity: 1 }], ...change });
  const nameless = await arrived(sold({ buyer: { email: 'elsewhere@example.com' } }));
  await nameless.release(corrected({ name: 'Ann Lee', email: 'ann.lee@example.com' }));
  await nameless.world.deliver([later({ buyer: zoe })]);
  expect(nameless.order().lines.map(({ licensee }) => licensee)).toEqual(['Ann Lee', 'Ann Lee']);
  expect(nameless.world.mails.map(({ to }) => to)).toEqual(['ann.lee@example.com']);
  const named = await arrived(sold());
  await named.world.deliver([later({ buyer: { ...zoe, name: 'Zoë Quist' } })]);
  expect(named.order().lines.map(({ licensee }) => licensee)).toEqual(['Zoë Lindqvist', 'Zoë Quist']);
});

test('a test order keeps its throw-away key', async () => {
  const { world, order, release } = await arrived(sold({ test: true, buyer: { email: zoe.email } }));
  await release(corrected({ name: 'Zoë Lindqvist' }));
  await world.redeliver();
  expect(world.mails[0]?.to).toBe(seller.alarms);
  expect(() => decrypt(order().lines[0]?.serial ?? '')).toThrow();
});

test('a new address gets every serial of the order; a reversed order is not mailed', async () => {
  const { world, order, write, release } = await arrived(
    sold({
      lines: [
        { sku: 'w', quantity: 1, paid: eur('30.00') },
        { sku: 'g-old', quantity: 1 },
      ],
    }),
  );
  const refund = (state: 'done' | 'won') => (found: Order) =>
    applyReversal(
      found,
      'r',
      { names: [found.key], fact: { kind: 'refund', state, part: 'full' } },
      world.state.now,
    );
  const elsewhere = corrected({ email: 'zoe@elsewhere.example.com' });
  await write(refund('done'));
  expect((await release(elsewhere)).dueAt).toBeNull();
  await write(refund('won'));
  await release(elsewhere);
  await world.redeliver();
  expect(world.mails.map(({ to }) => to)).toEqual([zoe.email, 'zoe@elsewhere.example.com']);
  expect(order().lines.map(({ sent }) => sent)).toEqual([true, undefined]);
});
