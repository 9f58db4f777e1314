/**
 * Items as the table stores them. `schema-1.json` holds items that the previous version wrote, one for each of its
 * states: made by its own code, with `body` in base64.
 */

import { readFileSync } from 'node:fs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import type { CatalogueSettings } from '../../../functions/core/catalogue/catalogue.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { isHeld, wakeAt } from '../../../functions/core/order/due.ts';
import { applyMailEvent, start } from '../../../functions/core/order/sends.ts';
import { emptyOrder, settle } from '../../../functions/core/order/settle.ts';
import { fromItem, toItem } from '../../../functions/core/order/stored.ts';
import type { Item, Order } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { providers } from '../../../functions/providers/index.ts';
import type { SignedRequest } from '../../../functions/providers/simulator.ts';
import demo from '../../../local/demo-shop.ts';
import { deliveriesOf } from '../../fixtures/deliveries.ts';
import { simulators } from '../../fixtures/simulators.ts';
import { checkRoundTrip } from './histories.ts';

type Stored = Parameters<typeof fromItem>[0];

const text = readFileSync(new URL('schema-1.json', import.meta.url), 'utf8');
const old: Readonly<Record<string, Stored>> = JSON.parse(text, (name, value) =>
  name === 'body' ? new Uint8Array(Buffer.from(value.base64, 'base64')) : value,
);
const names = (isIn: (item: Item) => boolean) => Object.keys(old).filter((name) => isIn(read(name)));
const read = (name: string): Item => fromItem(old[name] ?? {});

function order(name: string): Order {
  const item = read(name);
  if (item.kind !== 'order') throw new Error(`${name} is no order`);
  return item;
}

/** The view of an order today, with lines without the received name. */
function seen(of: Readonly<Record<string, unknown>>) {
  const { status, mail, lines, dueAt = null, heldAt = null, amount, buyer, placedAt } = of;
  return JSON.parse(
    JSON.stringify({ status, mail, lines, dueAt, heldAt, amount, buyer, placedAt }, (name, value) =>
      ['received', 'round', 'attempts', 'since', 'messageId'].includes(name) ? undefined : value,
    ),
  );
}

describe('an item of the previous schema', () => {
  /** The fields of the view that differ in this version. */
  const DIFFERENT: Readonly<Record<string, object>> = {
    announced: { status: 'unpaid' },
    stub: { status: 'unpaid', dueAt: '2026-11-25T00:00:00.000Z' },
    // A lease and a wait looked alike: the mail may be under way.
    'due: a throttled mail': { mail: { state: 'due' } },
    'one line sent, another due': { mail: { state: 'due' } },
    // No record of a mail is left: it has the address.
    erased: { mail: { state: 'none' }, lines: [{ product: 'widget', serial: null }] },
    'released with a name, still held': { buyer: { name: 'Zoë Quist' } },
  };

  test.each(names(({ kind }) => kind === 'order'))('%s: is seen as before', (name) => {
    const before = { ...seen(old[name] ?? {}) };
    expect(seen(view(order(name)))).toMatchObject({ ...before, ...DIFFERENT[name] });
  });

  test.each(names(({ kind }) => kind === 'order'))('%s: is due and held as it was, and settled', (name) => {
    const now = Date.parse('2026-11-27T00:00:00Z');
    const item = order(name);
    expect(wakeAt(item) ?? null).toBe(
      name === 'stub' ? '2026-11-25T00:00:00.000Z' : (old[name]?.dueAt ?? null),
    );
    expect(isHeld(item)).toBe(old[name]?.heldAt !== undefined);
    expect(toItem(settle(item, now))).toEqual(toItem(item));
  });

  test.each(Object.keys(old))('%s: is written in the new schema and read again', (name) => {
    checkRoundTrip(read(name));
  });

  test.each([
    ['alias', { kind: 'alias', aliasOf: 'plain#1' }],
    ['lease', { kind: 'lease', until: 1795402800000 }],
    ['key change', { kind: 'keyChange', audit: [{ what: 'key change' }] }],
    ['unreadable', { kind: 'unreadable', state: 'held', reason: 'bad_body', raw: { method: 'POST' } }],
    ['unreadable, erased', { kind: 'unreadable', state: 'closed' }],
  ])('%s: has its kind', (name, expected) => {
    expect(read(name)).toMatchObject(expected);
  });

  test('an unreadable event of a request has its own key, and stays unreadable', () => {
    const event = { ...old.unreadable, key: 'plain#test#evt_1', test: true };
    const held = { kind: 'unreadable', state: 'held', reason: 'bad_body', raw: { method: 'POST' } };
    expect(fromItem(event)).toMatchObject({ ...held, test: true });
    expect(read('unreadable')).not.toHaveProperty('test', expect.anything());
  });

  test('an imported line was issued elsewhere, and a corrected name stays', () => {
    expect(order('imported').lines).toMatchObject([{ via: 'elsewhere', state: 'issued' }]);
    expect(order('released with a name, still held').corrected).toContain('name');
    expect(order('superseded').lines).toMatchObject([{ issued: { n: 2 }, superseded: [{ n: 1 }] }]);
  });

  test('SES settles a mail that was sent before the upgrade by the version in its tag', () => {
    const event = { kind: 'delivery', messageId: 'm' } as const;
    const unknown = order('unknown');
    expect(applyMailEvent(unknown, { ...event, version: 1 }, 0)?.sends).toMatchObject([
      { n: 0, delivery: 'delivered' },
    ]);
    expect(applyMailEvent(unknown, event, 0)?.sends).toMatchObject([{ n: 0, delivery: 'delivered' }]);
    expect(applyMailEvent(unknown, { ...event, version: 0 }, 0)).toBeUndefined();
    expect(applyMailEvent(unknown, { ...event, send: 1 }, 0)).toBeUndefined();
  });

  test('a mail with an unknown outcome is tried again as the same mail', () => {
    const unknown = order('unknown');
    const started = start(unknown, Date.parse(wakeAt(unknown) ?? ''));
    expect(started?.send).toMatchObject({ n: 0, tries: 2, doubt: true });
  });
});

test('an alias is stored without the prefix of its order', () => {
  const order = { ...emptyOrder('plain#1', 'plain', false, 0), aliases: ['plain#2', 'other#3'] };
  expect(toItem(order).aliases).toEqual(['2', 'other#3']);
  expect(fromItem(toItem(order))).toMatchObject({ aliases: order.aliases });
});

describe('an item that this version cannot read is an error that names it', () => {
  const stored = toItem(emptyOrder('plain#1', 'plain', false, 0));
  test.each([
    ['a newer schema', { ...stored, schema: 3 }, /plain#1: schema 3.*reads schema 2/],
    [
      'an unknown kind',
      { ...stored, kind: 'voucher' },
      /plain#1: kind voucher: expected one of order, alias/,
    ],
    [
      'a state that is none',
      { ...stored, lines: [{ state: 'lost' }] },
      /lines\.0\.state: expected one of pending/,
    ],
    ['a missing field', { ...stored, provider: undefined }, /plain#1: order.provider: expected a string/],
    [
      'a serial that is none',
      { ...stored, lines: [{ product: 'w', licensee: 'Z', serial: 5 }] },
      /lines\.0\.serial/,
    ],
  ])('%s', (_, item, message) => {
    expect(() => fromItem(item)).toThrow(message);
  });
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (Array.isArray(value)) return 3 + value.reduce<number>((sum, one) => sum + 1 + bytesOf(one), 0);
  if (typeof value !== 'object' || value === null) return 1;
  return (
    3 +
    Object.entries(value).reduce((sum, [name, one]) => sum + 1 + Buffer.byteLength(name) + bytesOf(one), 0)
  );
}

describe('an ordinary order', () => {
  const key = `stripe#pi_3${'P'.repeat(22)}`;
  const sold: Order = {
    ...emptyOrder(key, 'stripe', false, Date.parse('2026-11-23T03:00:00Z')),
    version: 3,
    paidAt: '2026-11-23T02:59:58.000Z',
    amount: { value: '48.75', currency: 'EUR' },
    buyer: { name: 'José Núñez García', email: 'jose.nunez@example.com', country: 'ES', locale: 'es-ES' },
    aliases: [`stripe#cs_live_${'a'.repeat(58)}`],
    lines: [
      {
        ...{
          id: 1,
          sku: `price_1${'N'.repeat(23)}`,
          quantity: 1,
          via: 'mail',
          paid: { value: '48.75', currency: 'EUR' },
        },
        ...{ state: 'issued', product: 'widgetpro-mac', superseded: [] },
        issued: { n: 1, licensee: 'José Núñez García', serial: 'A'.repeat(32), keyVersion: 1 },
      },
    ],
    sends: [
      {
        ...{
          n: 1,
          to: 'jose.nunez@example.com',
          about: 'serials',
          carries: [{ line: 1, issue: 1 }],
          tries: 1,
        },
        ...{ state: 'accepted', at: '2026-11-23T03:00:01.000Z', delivery: 'delivered' },
        messageId: '0100019aaf2b3c4d-11111111-2222-3333-4444-555555555555-000000',
      },
    ],
  };

  test('stays far below 1 KB, and is read as it was written', () => {
    checkRoundTrip(sold);
    const size = bytesOf({ ...toItem(sold), writer: 'AAAAAAAAAAA' }) - 3;
    expect(size).toBeLessThanOrEqual(800);
    expect(() => marshall(toItem(sold))).not.toThrow();
    expect(toItem(sold)).toMatchObject({ day: '2026-11-23', email: 'jose.nunez@example.com' });
    expect(toItem(sold).sends).toEqual([expect.not.objectContaining({ state: 'accepted' })]);
  });

  const form = {
    options: {
      proof: { address: 'key' },
      fields: { id: 'order', sku: 'item', price: 'price', currency: 'EUR', name: 'name', email: 'email' },
    },
  };
  describe.each(Object.entries(simulators))('of the simulator of %s', (name, simulator) => {
    const [sku = 'widget'] = demo.products['widgetpro-mac']?.skus[name] ?? [];
    const now = Date.parse('2026-11-23T03:00:00Z');
    const provider = providers[name];
    const signing = simulator.demoKeys?.signing ?? ['a-signing-key-of-this-test-with-32'];
    const settings: CatalogueSettings['providers'][string] =
      demo.providers[name] ?? (name === 'form' ? form : {});
    const buyer = { name: 'José Núñez García', email: 'jose.nunez@example.com', company: '' };
    const address = `http://localhost:3000/orders/${name}`;
    const url = `http://localhost:3000/local/${name}`;
    const api = simulator.demoKeys?.apiKey ? { key: simulator.demoKeys.apiKey, url } : undefined;
    const ask = async (asked: string) => {
      const path = asked.slice(url.length);
      const { status, body } = simulator.api?.({ method: 'GET', path, headers: {} }) ?? {
        status: 404,
        body: '',
      };
      if (status !== 200) throw new Rejection('provider_refused', `found ${status}`);
      return body;
    };

    test('takes three calls, and its item is at most 900 bytes', async () => {
      if (!provider) throw new Error(`there is no provider ${name}`);
      const { post, stored, state } = deliveriesOf(name, provider, {
        skus: [sku],
        signing,
        settings,
        ask,
        ...(api && { api }),
      });
      const sale = { event: 'paid', sku, test: false, floor: 0, address, ...buyer };
      const { before, ...request } = simulator.request(sale, signing[0] ?? '', settings.options ?? {}, now);
      const calls = async ({ method, query, headers, body }: Omit<SignedRequest, 'before'>) => {
        state.log.length = 0;
        await post({ method, query, headers, body: Buffer.from(body) });
        return [...state.log];
      };
      if (before) await calls(before);
      const log = await calls(request);
      const [order] = stored();
      if (!order) throw new Error('there is no order');
      // A second ID is claimed while the order is written, and an order that is stored already is read.
      const more = order.aliases.length + (before ? 1 : 0);
      // A form prints the serial that our answer contains.
      const isMailed = name !== 'form';
      expect(log).toHaveLength((isMailed ? 3 : 1) + more);
      expect(log.slice(1 + more)).toEqual(isMailed ? ['send', 'put'] : []);
      expect(order.sends).toMatchObject(isMailed ? [{ state: 'accepted' }] : []);
      expect(order).toMatchObject({ raw: undefined, lines: [{ state: 'issued' }] });
      expect(bytesOf({ ...toItem(order), writer: 'AAAAAAAAAAA' }) - 3).toBeLessThanOrEqual(900);
    });
  });

  test('a line without a price does not cost the whole amount', () => {
    const line = { ...sold.lines[0], paid: undefined };
    checkRoundTrip({ ...sold, lines: sold.lines.map((one) => ({ ...one, ...line, paid: undefined })) });
  });
});
