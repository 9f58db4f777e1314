import { errorName } from '../inbound/rejection.ts';
import { change } from '../order/change.ts';
import { applyOutcome, mayCallSes, type SendOutcome } from '../order/sends.ts';
import type { Mail } from '../order/types.ts';
import type { Ports } from '../world.ts';
import { languageOf, loadWords } from './language.ts';
import { serialMail } from './message.ts';

/** Sends a mail whose lease the caller holds, and records the outcome. Returns undefined if the lease ends too soon to call SES. */
export async function deliver(
  { catalogue, store, mailer, report, links, now }: Ports,
  { order, send }: Mail,
): Promise<SendOutcome['kind'] | undefined> {
  const { key } = order;
  if (!mayCallSes(send, now())) return undefined;
  const words = await loadWords(catalogue.seller, languageOf(catalogue.seller, order.buyer));
  const result = await mailer(serialMail(catalogue, order, send, words, await links?.(order)));
  const { kind, code } = { code: '', ...result };
  if (kind === 'account') report('account_fault', { order: key, code });
  if (kind === 'refused') report('line_held', { order: key, reason: 'mail_refused', code });
  try {
    await change(store, key, order, (found) => found && applyOutcome(found, send, result, now()));
    const seconds = Math.max(0, now() - Date.parse(order.outbox?.since ?? order.receivedAt)) / 1_000;
    report(kind === 'sent' ? 'mail_sent' : 'mail_deferred', { order: key, outcome: kind, code, seconds });
  } catch (error) {
    // When the lease ends, `redeliver` tries again: the mail is late or sent twice, never lost.
    report('mail_unmarked', { order: key, outcome: kind, error: errorName(error) });
  }
  return kind;
}
