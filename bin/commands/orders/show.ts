/** `orders show`: everything that is stored of one order. */
import { Command } from '@commander-js/extra-typings';
import type { Money } from '../../../functions/core/inbound/event.ts';
import { fullView, type Notification } from '../../../functions/core/operator/person.ts';
import type { AuditEntry } from '../../../functions/core/order/types.ts';
import type { OrderView } from '../../../functions/core/order/view.ts';
import { columns, harmless, json } from '../cli/columns.ts';
import { withTargetOptions } from '../cli/target.ts';
import type { Terminal } from '../cli/terminal.ts';
import { findShown, formatMinute, openSession } from './session.ts';

export const ordersShow = (terminal: Terminal) =>
  withTargetOptions(new Command('show'))
    .argument('<key>', "the order's key, or the provider's ID of it")
    .description('everything that is stored of an order: its serials, its mail, the manual actions')
    .option('--json', 'for scripts; `raw` is the notification of a held order, null for others')
    .addHelpText('after', HELP)
    .action(async (text, options) => {
      const item = await findShown(await openSession(options, terminal), text);
      const { raw = null, ...order } = fullView(item);
      terminal.print(options.json ? json({ ...order, raw }) : formatOrder(order, raw));
    });

const HELP = `
keys#NAME shows the changes of the keys of a product or a provider.

Examples:
  npm run keypost -- orders show 'stripe#pi_123'
  npm run keypost -- orders show pi_123 --json --local
  npm run keypost -- orders show 'keys#widgetpro-mac'`;

/** Formats everything that is stored of an order. */
export const formatOrder = (order: OrderView, raw: Notification | null): string =>
  [
    columns([['order', order.key], ...facts(order)]),
    ...order.lines.map((line) => section(`line ${line.sku || '?'}`, lineFacts(line))),
    ...Object.entries(order.reversals).map(([id, { amount, ...fact }]) =>
      section(`reversal ${id}`, [
        ...Object.entries(fact).flatMap(([name, value]) => row(name, value)),
        ...row('amount', money(amount)),
      ]),
    ),
    ...(order.placedAt ? [section('mail', mailFacts(order))] : []),
    ...(order.acts ?? []).map(action),
    ...(raw ? [notification(raw)] : []),
  ].join('\n\n');

const facts = (order: OrderView): string[][] => [
  ...row('provider', order.provider),
  ...row('printed number', order.printed),
  ...row('test', order.test ? 'yes' : undefined),
  ...row('status', order.status),
  ...row('paid', time(order.placedAt)),
  ...row('received', time(order.receivedAt)),
  ...row('held since', time(order.heldAt)),
  ...row('amount', money(order.amount)),
  ...Object.entries(order.buyer).flatMap(([name, value]) => row(name, value)),
  ...row('likely email', order.suggestion),
  ...row('aliases', order.aliases?.join(', ')),
  ...row('version', String(order.version)),
];

const lineFacts = ({
  paid,
  settlement,
  superseded = [],
  ...line
}: OrderView['lines'][number]): string[][] => [
  ...row('product', line.product),
  ...row('quantity', String(line.quantity)),
  ...row('paid', money(paid)),
  ...row('settlement', money(settlement)),
  ...row('delivery', line.delivery),
  ...row('received', line.received),
  ...row('licensee', line.licensee),
  ...row('serial', line.serial),
  ...row('key', line.keyVersion === null ? null : `version ${line.keyVersion}`),
  ...row('verified', line.unverified ? 'no: imported as issued' : null),
  ...row('held', line.held),
  ...row('sent', line.sent ? 'yes' : 'no'),
  ...superseded.flatMap(({ at, serial, licensee, keyVersion }) =>
    row('superseded', `${time(at)}: ${serial}, licensee ${licensee}, key version ${keyVersion}`),
  ),
];

const mailFacts = ({ mail, dueAt }: OrderView): string[][] => [
  ...Object.entries(mail).flatMap(([name, value]) =>
    value === undefined ? [] : row(name, typeof value === 'object' ? JSON.stringify(value) : String(value)),
  ),
  ...row('due at', time(dueAt)),
];

const action = ({ at, who, what, why, before, after }: AuditEntry): string =>
  section(`${what} by ${who}`, [
    ...row('at', time(at)),
    ...row('why', why),
    ...Object.entries(after).map(([name, value]) => [
      name,
      `${before[name] ?? 'nothing'} → ${value ?? 'nothing'}`,
    ]),
  ]);

function notification({ provider, method, headers, query, body }: Notification): string {
  const left = body.length - MAX_BODY;
  return [
    section('notification', [
      ...row('from', provider),
      ...row('method', method),
      ...row('query', query),
      ...Object.entries(headers),
    ]),
    '',
    ...indented(body)
      .slice(0, MAX_BODY)
      .split('\n')
      .map((line) => `  ${harmless(line)}`),
    ...(left > 0 ? [`  … and more: --json shows all ${body.length} characters`] : []),
  ].join('\n');
}

const MAX_BODY = 16_000;

/** Indents a body of JSON. The body of a held order may be anything else. */
function indented(body: string): string {
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

const time = (at: string | null | undefined) => at && formatMinute(at);
const money = (amount: Money | undefined) => amount && `${amount.value} ${amount.currency}`;
