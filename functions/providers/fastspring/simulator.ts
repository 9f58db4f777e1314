/** Sends FastSpring's webhooks, in batches of one, and its licence call, a form with a hash of its values. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { fillTemplate, hmac, postForm, postJson, type Simulator, type TestOrder } from '../simulator.ts';

/** The body of each event, and the share of the price that is refunded. */
const WEBHOOKS: Readonly<Record<string, readonly [file: string, share: number]>> = {
  paid: ['fastspring/templates/order.json', 0],
  refunded: ['fastspring/templates/return.json', 1],
  partly_refunded: ['fastspring/templates/return.json', 0.25],
  disputed: ['fastspring/templates/chargeback.json', 1],
  trial: ['fastspring/templates/trial.json', 0],
  renewed: ['fastspring/templates/charge.json', 0],
  ignored: ['fastspring/templates/other.json', 0],
};

export const simulator: Simulator = {
  events: [...Object.keys(WEBHOOKS), 'licence_call'],
  demoKeys: { signing: ['example-fs-hmac-secret', 'fs_example_private_key'] },
  retries: [1, 2, 4, 6, 6, 6, 24, 24, 24, 24, 24, 24].map((hours) => hours * 3_600),
  sign: (body, secret) => ({ headers: { 'x-fs-signature': fastspringSignature(secret, body) } }),

  request(order, secret, _options, now) {
    const orderId = order.id ?? newReference(now);
    if (order.event === 'licence_call') return licenceCall(order, orderId, secret);
    const [file = '', share = 0] = WEBHOOKS[order.event] ?? WEBHOOKS.paid ?? [];
    const body = JSON.stringify(fillTemplate(file, order, values(order, orderId, share, now)));
    return postJson(orderId, body, { 'x-fs-signature': fastspringSignature(secret, body) });
  },

  /** https://developer.fastspring.com/reference/get-unprocessed-events: the events of the notifications, 25 a page. Half of them count as answered. */
  orders(sold, { pathname, searchParams }) {
    const isProcessed = pathname === '/events/processed';
    const all = sold
      .flatMap(({ paid, refunded }) => [...paid.events, ...(refunded?.events ?? [])])
      .map((event, at) => ({ ...event, created: START + at, processed: at % 2 === 0 }))
      .filter(
        ({ created, processed }) => processed === isProcessed && created >= Number(searchParams.get('begin')),
      );
    return { events: all.slice(0, SIZE), more: all.length > SIZE };
  },
};

/** https://developer.fastspring.com/docs/message-security */
export const fastspringSignature = (secret: string, body: string | Buffer): string =>
  hmac(secret, 'base64', body);

/** https://fastspring.com/docs/classic/setting-up-a-remote-license-script, its tab "Security". */
export function fastspringHash(privateKey: string, fields: Readonly<Record<string, string>>): string {
  const values = Object.keys(fields)
    .sort()
    .map((name) => fields[name]);
  return createHash('md5')
    .update(`${values.join('')}${privateKey}`)
    .digest('hex');
}

function licenceCall(order: TestOrder, reference: string, privateKey: string) {
  const test = order.test || undefined;
  const fields = Object(fillTemplate('fastspring/templates/licence.json', order, { reference, test }));
  const all = { ...fields, security_request_hash: fastspringHash(privateKey, fields) };
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
  return postForm(reference, String(new URLSearchParams(all)), headers);
}

function values(order: TestOrder, reference: string, share: number, now: number) {
  const { event, sku, name, company, test, floor } = order;
  const [first = '', ...last] = name.split(' ');
  const total = event === 'trial' ? 0 : Math.max(39, floor);
  const tax = Math.round((total * 100) / 6) / 100;
  const amounts = {
    total,
    tax,
    subtotal: Math.round((total - tax) * 100) / 100,
    returned: Math.round(total * share * 100) / 100,
  };
  const displays = Object.entries(amounts).map(([what, amount]) => [
    `${what}_display`,
    `€${amount.toFixed(2)}`,
  ]);
  return {
    ...amounts,
    ...Object.fromEntries(displays),
    event: newId(),
    account: newId(),
    return: newId(),
    return_reference: `${newReference(now)}X`,
    case: `dsp_${newId()}`,
    // A chargeback has this ID only, so it is derived from the reference and equals that of the sale.
    order: createHash('md5').update(reference).digest('base64url'),
    subscription: event === 'paid' ? null : createHash('md5').update(`of ${reference}`).digest('base64url'),
    reference,
    live: !test,
    ms: now,
    s: Math.floor(now / 1000),
    day: new Date(now).toISOString().slice(0, 10),
    java_date: new Date(now)
      .toUTCString()
      .replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, '$1 $3 $2 $5 UTC $4'),
    first,
    last: last.join(' '),
    company: company || null,
    product: sku,
  };
}

const newId = () => randomBytes(16).toString('base64url');

/** A reference such as ABC210906-5720-79124 is the shop, the day and two numbers. */
const newReference = (now: number) =>
  `SIM${new Date(now).toISOString().slice(2, 10).replaceAll('-', '')}-${randomInt(1_000, 9_999)}-${randomInt(10_000, 99_999)}`;

const SIZE = 25;

const START = Date.parse('2027-01-01');
