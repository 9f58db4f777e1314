/** SES's events of a mail: in AWS's format, in any order and more than once, and over HTTP on one machine. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { mailEvents } from '../../../functions/aws/ses/feedback.ts';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { type MailEvent, recordMailEvent } from '../../../functions/core/mail/feedback.ts';
import { likelyAddress } from '../../../functions/core/mail/likely-address.ts';
import { erase, resend } from '../../../functions/core/order/manual.ts';
import { applyMailEvent, applyOutcome, start as startMail } from '../../../functions/core/order/sends.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { sesEvents } from '../../../local/aws/ses-events.ts';
import { type Running, start } from '../../../local/start.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';
import { memoryWorld } from '../../fixtures/memory.ts';

const sample = (name: string): object =>
  z.looseObject({}).parse(JSON.parse(readFileSync(`test/fixtures/ses-events/${name}.json`, 'utf8')));
const viaSns = (...messages: string[]) => ({ Records: messages.map((Message) => ({ Sns: { Message } })) });
const readAs = (event: unknown) => mailEvents(viaSns(JSON.stringify(event)))[0];

describe('an event in the format of AWS', () => {
  test.each([
    ['send', 'send'],
    ['delivery', 'delivery'],
    ['delivery-delay', 'delay'],
    ['bounce', 'bounce'],
    ['soft-bounce', 'soft_bounce'],
    ['suppressed', 'suppressed'],
    ['complaint', 'complaint'],
    ['suppressed-complaint', 'suppressed'],
    ['reject', 'reject'],
  ])('%s', (name, kind) => {
    expect(readAs(sample(name))).toEqual({
      kind,
      messageId: '0107019example01-7c191be4-aedb-4d12-a87d-dd0099a07f8a-000000',
      orderKey: 'plain#1',
      version: 1,
    });
  });

  test('the mail is named by its tag `send`', () => {
    const mail = { messageId: 'x', tags: { order: ['cGxhaW4jMQ'], send: ['2'] } };
    expect(readAs({ ...sample('send'), mail })).toEqual({
      kind: 'send',
      messageId: 'x',
      orderKey: 'plain#1',
      send: 2,
    });
  });

  // https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html, "Bounce types"
  test.each([
    ['Undetermined', 'Undetermined', 'soft_bounce'],
    ['Permanent', 'NoEmail', 'bounce'],
    ['Permanent', 'Suppressed', 'suppressed'],
    ['Transient', 'MailboxFull', 'undelivered'],
    ['Transient', 'General', 'soft_bounce'],
  ])('a bounce that is %s, %s', (bounceType, bounceSubType, kind) => {
    expect(readAs({ ...sample('bounce'), bounce: { bounceType, bounceSubType } })).toMatchObject({ kind });
  });

  test.each([
    ['2026-11-23T03:40:00.000Z', 'soft_bounce'],
    ['2026-11-23T17:00:00.000Z', 'undelivered'],
  ])('a general bounce at %s of a mail of three o’clock', (timestamp, kind) => {
    const bounce = { bounceType: 'Transient', bounceSubType: 'General', timestamp };
    expect(readAs({ ...sample('bounce'), bounce })).toMatchObject({ kind });
  });

  test.each<[string, unknown]>([
    ['no JSON', viaSns('Successfully validated SNS topic for Amazon SES event publishing.')],
    ['a type that is not subscribed', viaSns(JSON.stringify({ ...sample('send'), eventType: 'Open' }))],
    ['a bounce without its type', viaSns(JSON.stringify({ ...sample('bounce'), bounce: {} }))],
    ['another invocation', { source: 'aws.events' }],
  ])('%s is no event', (_, invocation) => {
    expect(mailEvents(invocation)).toEqual([undefined]);
  });

  test('of a mail without our tags names no order', () => {
    const mail = { messageId: 'x', tags: { 'ses:configuration-set': ['Mails'] } };
    expect(readAs({ ...sample('send'), mail })).toMatchObject({ orderKey: undefined });
  });
});

const catalogue = defineConfig({
  seller,
  providers: { plain: {} },
  products: {
    widget: { name: 'Widget', serial, skus: { plain: ['w'] } },
    gadget: { name: 'Gadget', serial, skus: { plain: ['g'] } },
  },
});
const sale = (...skus: string[]) => ({
  kind: 'paid',
  id: '1',
  test: false,
  buyer: { name: 'Zoë Lindqvist', email: 'zoe.lindqvist@gmal.com' },
  lines: skus.map((sku) => ({ sku, quantity: 1 })),
});
const reversal = (state: string) => ({
  kind: 'reversed',
  id: '1',
  test: false,
  reversalId: 'dp-1',
  reversal: { kind: 'chargeback', state, part: 'full' },
});
const MINUTE = 60_000;
const KINDS = [
  'send',
  'delay',
  'soft_bounce',
  'undelivered',
  'delivery',
  'complaint',
  'bounce',
  'suppressed',
  'reject',
] as const;
const event = (kind: MailEvent['kind'], send = 1): MailEvent => ({
  kind,
  messageId: 'message-1',
  orderKey: 'plain#1',
  send,
});
const FIRST_TRY = { n: 1, tries: 1 };
const actor = { who: 'seller', why: null };

/** An order whose mail may have gone out: the answer of SES was lost. */
async function unknown(...skus: string[]) {
  const world = memoryWorld(catalogue);
  world.state.outcome = { kind: 'unknown', code: 'TimeoutError' };
  await world.deliver([sale(...(skus.length > 0 ? skus : ['w']))]);
  world.state.outcome = undefined;
  const order = () => view(stored(world));
  const tell = (kind: MailEvent['kind'], send?: number) => recordMailEvent(world.ports, event(kind, send));
  const redelivered = async () => {
    world.state.now += 60 * MINUTE;
    await world.redeliver();
    return world.mails.length;
  };
  return { world, order, tell, redelivered };
}

/** An order whose sender stopped while it called SES. */
async function inFlight(...skus: string[]): Promise<Order> {
  const world = memoryWorld(catalogue, new Map([[2, 'die']]));
  await world.deliver([sale(...skus)]);
  return stored(world);
}

function stored(world: ReturnType<typeof memoryWorld>): Order {
  const [one] = world.stored();
  if (!one) throw new Error('there is no order');
  return one;
}

describe('an order whose mail may have gone out', () => {
  test.each<[MailEvent['kind'], object]>([
    ['send', { mail: { state: 'sent' }, line: { held: null, sent: true } }],
    ['delay', { mail: { state: 'sent', lastError: 'delayed' }, line: { held: null, sent: true } }],
    ['soft_bounce', { mail: { state: 'sent', lastError: 'soft_bounce' }, line: { held: null, sent: true } }],
    [
      'undelivered',
      { mail: { state: 'bounced', lastError: 'soft_bounce' }, line: { held: 'bounced', sent: true } },
    ],
    ['delivery', { mail: { state: 'delivered' }, line: { held: null, sent: true } }],
    ['complaint', { mail: { state: 'complained' }, line: { held: null, sent: true } }],
    ['bounce', { mail: { state: 'bounced', lastError: 'bounced' }, line: { held: 'bounced', sent: true } }],
    [
      'suppressed',
      { mail: { state: 'bounced', lastError: 'suppressed' }, line: { held: 'bounced', sent: undefined } },
    ],
    [
      'reject',
      { mail: { state: 'none', lastError: 'rejected' }, line: { held: 'mail_refused', sent: undefined } },
    ],
  ])('%s settles it, and nothing is sent again', async (kind, told) => {
    const { order, tell, redelivered, world } = await unknown();
    expect(order().mail.state).toBe('unknown');
    expect(await tell(kind)).toBe('recorded');
    const { lastError, ...mail } = order().mail;
    expect({
      mail: { state: mail.state, ...(lastError ? { lastError } : {}) },
      line: order().lines[0],
    }).toMatchObject(told);
    expect(mail.messageId).toBe('message-1');
    const held = order().lines[0]?.held ?? null;
    expect(order().heldAt === null).toBe(held === null);
    const reasons = world.reports.flatMap(({ name, details }) =>
      name === 'line_held' ? [details.reason] : [],
    );
    expect(reasons).toEqual(held ? [held] : []);
    expect(await tell(kind)).toBe('nothing new');
    expect(await redelivered()).toBe(0);
  });

  test('is mailed again after ten minutes without an event', async () => {
    expect(await (await unknown()).redelivered()).toBe(1);
  });

  test('that is disputed meanwhile keeps the event, so that it is not mailed when the dispute is won', async () => {
    const { world, order, tell, redelivered } = await unknown();
    await world.deliver([reversal('open')]);
    await tell('send');
    await world.deliver([reversal('won')]);
    expect(order()).toMatchObject({ status: 'paid', mail: { state: 'sent' }, lines: [{ sent: true }] });
    expect(await redelivered()).toBe(0);
  });

  test('that is erased does not change any more', async () => {
    const erased = erase(await inFlight('w'), actor, 0);
    if (erased === 'erased') throw new Error('it was erased before');
    expect(applyMailEvent(erased, event('bounce'), 0)).toBeUndefined();
    expect(applyOutcome(erased, FIRST_TRY, { kind: 'sent', messageId: 'message-1' }, 0)).toBeUndefined();
  });
});

test('events of one mail and the sender’s outcome lead to the same state in any order and number', async () => {
  const due = await inFlight('w', 'g');
  const steps = {
    sent: (found: Order) => applyOutcome(found, FIRST_TRY, { kind: 'sent', messageId: 'message-1' }, 0),
    unknown: (found: Order) => applyOutcome(found, FIRST_TRY, { kind: 'unknown', code: 'TimeoutError' }, 9),
  };
  const end = (told: readonly (MailEvent['kind'] | keyof typeof steps)[]) =>
    told.reduce<Order>(
      (found, kind) =>
        (kind === 'sent' || kind === 'unknown'
          ? steps[kind](found)
          : applyMailEvent(found, event(kind), 0)) ?? found,
      due,
    );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom(...KINDS), { minLength: 1 }).chain((kinds) =>
        fc.constantFrom<keyof typeof steps>('sent', 'unknown').chain((mark) => {
          const once = [...kinds, mark];
          const some = fc.array(fc.constantFrom(...kinds), { maxLength: 4 });
          const shuffled = some.chain((again) => {
            const all = [...once, ...again];
            return fc.shuffledSubarray(all, { minLength: all.length });
          });
          return fc.tuple(fc.constant(once), shuffled);
        }),
      ),
      ([once, shuffled]) => {
        expect(end(shuffled)).toEqual(end(once));
      },
    ),
    { numRuns: 1_000 },
  );
});

describe('a mail to an address that was corrected since', () => {
  const corrected = (order: Order): Order => {
    const next = resend(order, 'zoe@gmail.com', actor, 0);
    if (typeof next === 'string') throw new Error(next);
    return next;
  };
  const seen = (order: Order | undefined) => {
    if (!order) throw new Error('nothing was recorded');
    const { lines, held, heldAt, status, mail } = view(order);
    return { lines, held, heldAt, status, state: mail.state };
  };

  test.each(KINDS)('the event %s changes its own mail only', async (kind) => {
    const bounced = applyMailEvent(await inFlight('w'), event('bounce'), 0);
    for (const order of [await inFlight('w'), bounced ?? (await inFlight('w'))].map(corrected)) {
      const told = applyMailEvent(order, event(kind), 0);
      // Only a higher status changes the mail: a bounced mail is known to be sent.
      expect(told === undefined).toBe(
        order.sends[0]?.state === 'accepted' &&
          ['send', 'delivery', 'complaint', 'bounce', 'reject'].includes(kind),
      );
      expect(seen(told ?? order)).toMatchObject({ ...seen(order), state: 'due', held: [] });
    }
    const next = startMail(corrected(await inFlight('w')), Date.parse('2026-11-23T04:00:00Z'));
    expect(next?.send).toMatchObject({ n: 2, to: 'zoe@gmail.com', carries: [{ line: 1, issue: 1 }] });
    const again = next && applyMailEvent(next.order, event('send', 2), 0);
    expect(seen(again)).toMatchObject({ state: 'sent', lines: [{ sent: true }] });
    expect(again?.sends[0]).toEqual(next?.order.sends[0]);
  });

  test.each([{ kind: 'sent', messageId: 'message-1' } as const, { kind: 'refused', code: 'x' } as const])(
    'the outcome $kind of a mail in flight changes its own mail only',
    async (result) => {
      const order = corrected(await inFlight('w'));
      const marked = applyOutcome(order, FIRST_TRY, result, 0);
      expect(marked?.sends).toMatchObject([{ state: result.kind === 'sent' ? 'accepted' : 'refused' }]);
      expect(seen(marked)).toEqual(seen(order));
      expect(marked && startMail(marked, Date.parse('2026-11-23T03:00:00Z'))?.send).toMatchObject({ n: 2 });
    },
  );
});

test('a line that is added while a mail may have gone out is mailed alone', async () => {
  const { world, order, tell, redelivered } = await unknown();
  await world.deliver([sale('w', 'g')]);
  expect(order().lines).toMatchObject([
    { sku: 'w', sent: undefined },
    { sku: 'g', sent: true },
  ]);
  await tell('send', 1);
  expect(order()).toMatchObject({ lines: [{ sent: true }, { sent: true }], dueAt: null });
  expect(await redelivered()).toBe(1);
  expect(world.mails[0]?.text).toContain('Gadget');
  expect(world.mails[0]?.text).not.toContain('Widget\n');
});

test('a late event of the first mail changes the first mail', async () => {
  const { world, order, tell } = await unknown();
  await world.deliver([sale('w', 'g')]);
  await tell('delivery', 2);
  expect(await tell('reject', 1)).toBe('recorded');
  expect(order().lines).toMatchObject([
    { sku: 'w', held: 'mail_refused' },
    { sku: 'g', held: null, sent: true },
  ]);
});

test('a bounce also holds the lines that an earlier mail carried to that address', async () => {
  const { world, order, tell } = await unknown();
  await tell('delivery');
  world.state.outcome = { kind: 'unknown', code: 'TimeoutError' };
  await world.deliver([sale('w', 'g')]);
  await tell('bounce', 2);
  expect(order().lines).toMatchObject([{ held: 'bounced' }, { held: 'bounced' }]);
  expect(order()).toMatchObject({ held: ['bounced'], suggestion: 'zoe.lindqvist@gmail.com' });
});

test('a line that is added after the address bounced is held and not mailed', async () => {
  const { world, order, tell, redelivered } = await unknown();
  await tell('bounce');
  await world.deliver([sale('w', 'g')]);
  expect(await tell('delivery', 2)).toBe('nothing new');
  expect(order().lines).toMatchObject([{ held: 'bounced' }, { held: 'bounced' }]);
  expect(await redelivered()).toBe(0);
});

describe('an event', () => {
  test('of an unknown order is counted and dropped', async () => {
    const { world, order } = await unknown();
    const before = order();
    for (const orderKey of ['plain#2', undefined])
      expect(await recordMailEvent(world.ports, { ...event('bounce'), orderKey })).toBe('unknown order');
    expect(world.reports.filter(({ name }) => name === 'mail_event_unknown').length).toBe(2);
    expect(order()).toEqual(before);
  });

  test('of a mail that the order does not have changes nothing', async () => {
    const { world, tell } = await unknown();
    const before = stored(world);
    expect(await tell('bounce', 2)).toBe('nothing new');
    expect(await recordMailEvent(world.ports, { ...event('bounce'), send: undefined, version: 1 })).toBe(
      'nothing new',
    );
    expect(stored(world)).toEqual(before);
  });

  test('that cannot be stored throws, so that SNS delivers it again', async () => {
    const { world, tell } = await unknown();
    const down = { ...world.ports.store, get: () => Promise.reject(new Error('down')) };
    await expect(recordMailEvent({ ...world.ports, store: down }, event('bounce'))).rejects.toThrow('down');
    expect(await tell('bounce')).toBe('recorded');
  });

  test('is applied again if another write came first', async () => {
    const { world, order } = await unknown();
    const { store } = world.ports;
    let once = true;
    const raced = {
      ...store,
      async put(...args: Parameters<typeof store.put>) {
        if (once) await world.deliver([reversal('open')]);
        once = false;
        return store.put(...args);
      },
    };
    await recordMailEvent({ ...world.ports, store: raced }, event('bounce'));
    expect(order()).toMatchObject({ status: 'disputed', mail: { state: 'bounced' }, held: [] });
    expect(order().heldAt).toBeNull();
    expect(world.reports.some(({ name }) => name === 'line_held')).toBe(false);
    await world.deliver([reversal('won')]);
    expect(order()).toMatchObject({ status: 'paid', lines: [{ held: 'bounced' }] });
  });

  test('of a line that is held already is not reported again', async () => {
    const { world, tell } = await unknown();
    await tell('bounce');
    expect(await tell('suppressed')).toBe('recorded');
    expect(world.reports.filter(({ name }) => name === 'line_held').length).toBe(1);
  });

  test('of a delivery clears a delay', async () => {
    const { order, tell } = await unknown();
    await tell('delay');
    expect(order().mail.lastError).toBe('delayed');
    await tell('delivery');
    expect(order().mail.lastError).toBeUndefined();
  });
});

describe('the likely address', () => {
  testEach([
    ['zoe@gmal.com', 'zoe@gmail.com'],
    ['zoe@gmial.com', 'zoe@gmail.com'],
    ['Zoe.L+x@GMAIL.CON', 'Zoe.L+x@gmail.com'],
    ['zoe@hotmial.com', 'zoe@hotmail.com'],
    ['zoe@outlok.co', 'zoe@outlook.com'],
    ['zoe@yahooo.com', 'zoe@yahoo.com'],
    ['zoe@iclould.com', 'zoe@icloud.com'],
    ['zoe@web.ed', 'zoe@web.de'],
    ['zoe@gmail,com', 'zoe@gmail.com'],
    ['zoe@gmail.com.', null],
    ['zoe@mail.com', null],
    ['zoe@me.com', null],
    ['zoe@example.com', null],
    ['zoe@lindqvist.example', null],
    ['zoe', null],
    [undefined, null],
  ])('of $0 is $1', (typed, meant) => {
    expect(likelyAddress(typed)).toBe(meant);
  });
});

describe('on one machine', () => {
  let running: Running;
  beforeAll(async () => {
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
  }, 60_000);
  afterAll(() => running.stop());

  const Shown = z.array(
    z.object({
      key: z.string(),
      buyer: z.object({ email: z.string().nullable() }),
      held: z.array(z.string()),
      suggestion: z.string().nullable(),
      mail: z.looseObject({
        state: z.string(),
        messageId: z.string().optional(),
        lastError: z.string().optional(),
      }),
    }),
  );
  const local = async (path: string, method = 'GET', body?: unknown) => {
    const answer = await fetch(`${running.page}/local/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const ordered = (email: string) =>
    local('simulate', 'POST', { provider: 'shop', product: 'widgetpro-mac', name: 'Zoë', email });
  const orderOf = async (address: string) =>
    Shown.parse((await local('orders')).body).find(({ buyer }) => buyer.email === address);
  const settled = (address: string, state: string) =>
    vi.waitFor(
      async () => {
        const order = await orderOf(address);
        expect(order?.mail.state).toBe(state);
        return order;
      },
      { timeout: 10_000, interval: 100 },
    );

  test.each([
    ['success@simulator.amazonses.com', { state: 'delivered', held: [] }],
    ['zoe@example.com', { state: 'delivered', held: [] }],
    ['bounce+1@simulator.amazonses.com', { state: 'bounced', held: ['bounced'], lastError: 'bounced' }],
    ['bounce@example.com', { state: 'bounced', held: ['bounced'], lastError: 'bounced' }],
    ['suppressionlist@example.com', { state: 'bounced', held: ['bounced'], lastError: 'suppressed' }],
    ['complaint@example.com', { state: 'complained', held: [] }],
    ['ooto@example.com', { state: 'delivered', held: [], lastError: 'soft_bounce' }],
  ])(
    '%s',
    async (address, { state, held, lastError }: { state: string; held: string[]; lastError?: string }) => {
      await ordered(address);
      await vi.waitFor(
        async () => expect((await settled(address, state))?.mail.lastError).toBe(lastError),
        10_000,
      );
      expect((await orderOf(address))?.held).toEqual(held);
    },
  );

  test('an answer of SES that is lost causes no second mail', async () => {
    await local('faults', 'PUT', { ses: 'lost' });
    await ordered('lost@example.com');
    await local('faults', 'PUT', { ses: null });
    expect((await local('redeliver', 'POST')).body).toMatchObject({ sent: 0 });
    await settled('lost@example.com', 'delivered');
    const Mails = z.array(z.object({ to: z.array(z.string()) }));
    const mails = Mails.parse((await local('mails')).body).filter(({ to }) =>
      to.includes('lost@example.com'),
    );
    expect(mails.length).toBe(1);
  });

  test('an event is accepted in each form in which AWS delivers it', async () => {
    await ordered('posted@gmial.com');
    const order = await settled('posted@gmial.com', 'delivered');
    const of = (name: string) => ({ ...sample(name), mail: { messageId: order?.mail.messageId } });
    const forms = [
      of('complaint'),
      { detail: of('complaint') },
      { Type: 'Notification', Message: JSON.stringify(of('complaint')) },
      viaSns(JSON.stringify(of('bounce'))),
    ];
    const answers = [];
    for (const form of forms) answers.push(await local('mail-events', 'POST', form));
    expect(answers).toEqual(
      ['recorded', 'nothing new', 'nothing new', 'recorded'].map((said) => ({
        status: 200,
        body: { events: [said] },
      })),
    );
    expect(await orderOf('posted@gmial.com')).toMatchObject({
      held: ['bounced'],
      suggestion: 'posted@gmail.com',
      mail: { state: 'bounced' },
    });
  });

  test('a body that is no event of SES is refused', async () => {
    for (const body of [
      {},
      { eventType: 'Send' },
      { Type: 'Notification', Message: 'x' },
      { ...sample('send'), eventType: 'Open' },
    ])
      expect(await local('mail-events', 'POST', body)).toMatchObject({ status: 400 });
    expect((await local('mail-events', 'POST', sample('send'))).body).toEqual({ events: ['unknown order'] });
  });
});

test('the local SES sends an event again if the Lambda failed', async () => {
  const events = sesEvents();
  const received: unknown[] = [];
  let down = true;
  events.deliverTo(async (invocation) => {
    if (down) throw new Error('down');
    received.push(...mailEvents(invocation));
  });
  events.publish({
    id: 'message-1',
    from: 'o@widgets.example.com',
    to: ['zoe@example.com'],
    tags: { send: '1' },
  });
  await events.flush();
  down = false;
  await events.flush();
  events.stop();
  expect(received).toMatchObject([{ kind: 'send' }, { kind: 'delivery' }]);
});
