/** One order for people, with everything that is kept of it. */
import { gunzipSync } from 'node:zlib';
import type { Money } from '../../../functions/core/inbound/event.ts';
import { type Act, type Line, type Order, type Raw, view } from '../../../functions/core/order/order.ts';
import { columns, harmless } from '../cli/columns.ts';
import { minute } from './order-columns.ts';

const MOST_OF_BODY = 16_000;

/** The notification with its body as text. */
export const opened = ({ body, ...raw }: Raw) => ({ ...raw, body: gunzipSync(body).toString('utf8') });

export const inFull = (order: Order, raw: ReturnType<typeof opened> | null): string =>
  [
    columns([['order', order.key], ...facts(order)]),
    ...order.lines.map((line) => section(`line ${line.sku || '?'}`, lineFacts(line))),
    ...Object.entries(order.reversals).map(([id, { amount, ...fact }]) =>
      section(`reversal ${id}`, [...Object.entries(fact), ...row('amount', money(amount))]),
    ),
    ...(order.placedAt ? [section('mail', mailFacts(order))] : []),
    ...(order.acts ?? []).map(act),
    ...(raw ? [notification(raw)] : []),
  ].join('\n\n');

const facts = (order: Order): string[][] => [
  ...row('provider', order.provider),
  ...row('test', order.test ? 'yes' : undefined),
  ...row('status', order.status),
  ...row('placed', time(order.placedAt)),
  ...row('received', time(order.receivedAt)),
  ...row('held since', time(order.heldAt)),
  ...row('amount', money(order.amount)),
  ...Object.entries(order.buyer).flatMap(([name, value]) => row(name, value)),
  ...row('perhaps meant', view(order).suggestion),
  ...row('also called', order.aliases?.join(', ')),
  ...row('version', String(order.version)),
];

const lineFacts = ({ paid, settled, superseded = [], ...line }: Line): string[][] => [
  ...row('product', line.product),
  ...row('quantity', String(line.quantity)),
  ...row('paid', money(paid)),
  ...row('settled', money(settled)),
  ...row('delivery', line.delivery),
  ...row('received', line.received),
  ...row('licensee', line.licensee),
  ...row('serial', line.serial),
  ...row('key', line.keyVersion === null ? null : `version ${line.keyVersion}`),
  ...row('held', line.held),
  ...row('sent', line.sent ? 'yes' : 'no'),
  ...superseded.flatMap(({ at, serial, licensee, keyVersion }) =>
    row('superseded', `${time(at)}: ${serial}, of ${licensee}, key version ${keyVersion}`),
  ),
];

const mailFacts = ({ mail, dueAt }: Order): string[][] => [
  ...Object.entries(mail).flatMap(([name, value]) =>
    row(name, typeof value === 'object' ? JSON.stringify(value) : String(value)),
  ),
  ...row('due at', time(dueAt)),
];

const act = ({ at, who, what, why, before, after }: Act): string =>
  section(`${what} by ${who}`, [
    ...row('at', time(at)),
    ...row('why', why),
    ...Object.entries(after).map(([name, value]) => [
      name,
      `${before[name] ?? 'nothing'} → ${value ?? 'nothing'}`,
    ]),
  ]);

function notification({ provider, method, headers, query, body }: ReturnType<typeof opened>): string {
  const left = body.length - MOST_OF_BODY;
  const text = pretty(body).slice(0, Math.max(MOST_OF_BODY, 0));
  return [
    section('notification', [
      ...row('from', provider),
      ...row('method', method),
      ...row('query', query),
      ...Object.entries(headers),
    ]),
    '',
    ...text.split('\n').map((line) => `  ${harmless(line)}`),
    ...(left > 0 ? [`  … and more: --json has all ${body.length} characters`] : []),
  ].join('\n');
}

/** As a person reads it, if it is JSON; a body that is held may be anything. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

const section = (title: string, rows: readonly (readonly string[])[]): string =>
  [harmless(title), ...columns(rows.map((cells) => ['', ...cells])).split('\n')].join('\n');

const row = (name: string, value: string | null | undefined): string[][] =>
  value === null || value === undefined || value === '' ? [] : [[name, value]];

const time = (at: string | undefined) => at && `${minute(at)} UTC`;
const money = (amount: Money | undefined) => amount && `${amount.value} ${amount.currency}`;
