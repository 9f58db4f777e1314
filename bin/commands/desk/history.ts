/** Everything that has happened to an order, in the order of time. */
import { fullView } from '../../../functions/core/operator/person.ts';
import { basisOf } from '../../../functions/core/operator/refusal.ts';
import { mayStart } from '../../../functions/core/order/due.ts';
import type { AuditEntry, Order, Request, Send, Unreadable } from '../../../functions/core/order/types.ts';
import { asOrder } from '../../../functions/core/order/view.ts';
import { formatMinute } from '../orders/session.ts';

interface Entry {
  /** ISO 8601 in UTC; null if it has not happened yet or its time is not known. */
  readonly at: string | null;
  readonly text: string;
  readonly who?: string;
  readonly why?: string | null;
}

/** An order with everything that a person may want to know of it. */
export function detailOf(item: Order | Unreadable | Request) {
  const { raw, ...order } = fullView(item);
  return {
    ...order,
    kind: item.kind,
    basis: basisOf(item),
    history: historyOf(item.kind === 'order' ? item : asOrder(item)),
    raw: raw ? { ...raw, body: raw.body.slice(0, MOST_BODY) } : null,
  };
}

const MOST_BODY = 16_000;

function historyOf(order: Order): Entry[] {
  const { receivedAt, paidAt, trial, renewedAt, heldAt, reversals, lines, sends, audit, outbox } = order;
  const entries: Entry[] = [
    ...entryAt(paidAt, 'The provider reports the payment.'),
    ...entryAt(trial?.at, 'A trial begins.'),
    ...entryAt(renewedAt, 'The provider reports the first payment after the trial.'),
    ...entryAt(receivedAt, 'Keypost receives the notification.'),
    ...entryAt(heldAt, 'The order is held.'),
    ...[...reversals].map(([id, { kind, state, part, amount, at }]) => ({
      at: at ?? null,
      text: `The provider reports a ${part} ${kind}, ${state}${amount ? `: ${amount.value} ${amount.currency}` : ''} (${id}).`,
    })),
    ...lines.flatMap((line) =>
      line.state === 'issued'
        ? line.superseded.flatMap(({ at, licensee }) =>
            entryAt(at, `The serial for ${licensee} is superseded.`),
          )
        : [],
    ),
    // A mail that waits has no purpose any more if, for instance, the hold that it was about is over.
    ...sends.filter((send) => send.state !== 'waiting' || mayStart(order, send)).map(sent),
    ...audit.map((entry) => {
      const { at, who, why, what } = entry;
      return { at, who, why, text: `${capitalised(what)}: ${changes(entry) || 'nothing else changes'}.` };
    }),
    ...(outbox?.held ? [{ at: null, text: `No mail is sent: ${outbox.held}.` }] : []),
  ];
  return entries.sort((one, other) => ((one.at ?? '9') < (other.at ?? '9') ? -1 : 1));
}

const entryAt = (at: string | undefined, text: string): Entry[] => (at ? [{ at, text }] : []);

const KINDS = {
  serials: 'the serials',
  trial: 'the trial',
  moved: 'the transfer',
  held: 'the hold',
} as const;

function sent(send: Send): Entry {
  const tries = send.tries > 1 ? `, after ${send.tries} tries` : '';
  const mail = `Mail ${send.n} about ${KINDS[send.about]} to ${send.to}`;
  switch (send.state) {
    case 'accepted': {
      const reported = send.delivery === 'none' ? 'no delivery status yet' : send.delivery;
      const trouble = send.trouble ? `, ${send.trouble}` : '';
      return { at: send.at, text: `${mail}: SES accepts it${tries}, and reports: ${reported}${trouble}.` };
    }
    case 'refused':
      return { at: null, text: `${mail}: SES refuses it permanently (${send.code})${tries}.` };
    case 'in_flight':
      return { at: null, text: `${mail}: is being sent.` };
    case 'unknown':
    case 'waiting': {
      const state = send.state === 'waiting' ? 'waits' : 'it is unknown whether SES has it';
      const code = send.code ? ` (${send.code})` : '';
      return { at: null, text: `${mail}: ${state}${code}. Next try ${formatMinute(send.until)}.` };
    }
  }
}

const capitalised = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
const changes = ({ before, after }: AuditEntry): string =>
  Object.entries(after)
    .map(([name, value]) => `${name} ${before[name] ?? 'nothing'} → ${value ?? 'nothing'}`)
    .join('; ');
