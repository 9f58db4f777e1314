import { errorName } from '../inbound/rejection.ts';
import { type Order, withMailHeld, withRetry, withSent } from '../order/order.ts';
import { change } from '../order/record.ts';
import type { Ports, SendOutcome } from '../world.ts';
import { serialMail } from './message.ts';

const MINUTE = 60_000;
const UNKNOWN_MS = 10 * MINUTE;
const ACCOUNT_MS = 15 * MINUTE;
const LONGEST_BACKOFF_MS = 15 * MINUTE;

/** Sends the mail of an order whose lease the caller holds, and records the outcome. */
export async function deliver(
  { catalogue, store, mailer, report, now }: Ports,
  order: Order,
): Promise<SendOutcome> {
  const outcome = await mailer(serialMail(catalogue, order));
  const { code } = { code: '', ...outcome };
  if (outcome.kind === 'account') report('account_fault', { order: order.key, code });
  if (outcome.kind === 'refused') report('line_held', { order: order.key, reason: 'mail_refused', code });
  try {
    await change(store, order.key, order, (found) => found && withOutcome(found, order, outcome, now()));
    report(outcome.kind === 'sent' ? 'mail_sent' : 'mail_deferred', {
      order: order.key,
      outcome: outcome.kind,
      code,
      seconds: secondsWaited(order, now()),
    });
  } catch (error) {
    // When the lease ends, `redeliver` tries again: the mail is late or sent twice, never lost.
    report('mail_unmarked', {
      order: order.key,
      outcome: outcome.kind,
      error: errorName(error),
    });
  }
  return outcome;
}

/** Seconds since payment, or since a person released the order. */
const secondsWaited = ({ mail, receivedAt }: Order, now: number): number =>
  Math.max(0, now - Date.parse(mail.since ?? receivedAt)) / 1_000;

function withOutcome(found: Order, leased: Order, outcome: SendOutcome, now: number): Order | undefined {
  switch (outcome.kind) {
    case 'sent':
      return withSent(found, leased, outcome.messageId, now);
    case 'refused':
      return withMailHeld(found, leased.version, { reason: 'mail_refused', code: outcome.code }, now);
    case 'unknown':
      return withRetry(
        found,
        leased.dueAt,
        { unknown: true, counted: true, code: outcome.code },
        now + UNKNOWN_MS,
      );
    case 'account':
      return withRetry(
        found,
        leased.dueAt,
        { unknown: false, counted: false, code: outcome.code },
        now + ACCOUNT_MS,
      );
    case 'throttled':
      return withRetry(
        found,
        leased.dueAt,
        { unknown: false, counted: true, code: outcome.code },
        now + backoff(leased),
      );
  }
}

/** 5 s × 2ⁿ, at most 15 min, less up to half: spread by the order's key, so that not all orders are retried at once. */
function backoff({ key, mail }: Order): number {
  const full = Math.min(LONGEST_BACKOFF_MS, 5_000 * 2 ** Math.min(mail.attempts - 1, 10));
  let spread = mail.attempts;
  for (const char of key) spread = (spread * 31 + (char.codePointAt(0) ?? 0)) % 1_000;
  return Math.round(full * (1 - spread / 2_000));
}
