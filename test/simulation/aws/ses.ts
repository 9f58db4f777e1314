/** SES: it accepts or refuses mails, may not answer, and publishes events. */
import { loadWords, TAGS } from '../../../functions/core/mail/language.ts';
import type { Message } from '../../../functions/core/mail/message.ts';
import type { SendOutcome } from '../../../functions/core/order/sends.ts';
import type { Mailer } from '../../../functions/core/world.ts';
import type { Send } from '../checks/send.ts';
import type { SendHistory } from '../checks/send-history.ts';
import type { Process } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';
import { call, Fault, NO } from './calls.ts';

// The virtual clock does not wait for a module that loads.
await Promise.all(TAGS.map((tag) => loadWords({ locale: 'en' }, tag)));

const SEND_MS = 1_500;

/** @param accepted is called for each accepted mail. */
export function sesOf(sim: Sim, history: SendHistory, accepted: (send: Send) => void) {
  const sendThroughSes = async (process: Process, send: Send): Promise<SendOutcome> => {
    const accept = () => {
      if (send.to.startsWith('refused')) throw NO;
      send.acceptedAt = sim.clock.now;
      accepted(send);
    };
    try {
      await call(sim, process, { service: 'ses', what: `send ${send.key}`, limit: SEND_MS }, accept);
      return { kind: 'sent', messageId: send.id };
    } catch (error) {
      if (error === NO) return { kind: 'refused', code: 'MessageRejected' };
      return { kind: kindOf(sim, error), code: error instanceof Error ? error.name : 'unknown' };
    }
  };
  return (process: Process): Mailer =>
    recordingMailer(sim, history, process, (_, send) => sendThroughSes(process, send));
}

/** Wraps a mailer and records each send in the history. */
export function recordingMailer(
  sim: Sim,
  history: SendHistory,
  process: Process,
  ask: (message: Message, send: Send) => Promise<SendOutcome>,
): Mailer {
  return async (message) => {
    const { to, subject, text, tags } = message;
    const key = Buffer.from(tags.order ?? '', 'base64url').toString();
    const [id, n] = [`m${sim.number()}`, Number(tags.send)];
    const send = history.started(process, key, { id, n, to, subject, text });
    const outcome = await ask(message, send);
    send.answered = outcome.kind;
    if (outcome.kind === 'sent') send.messageId = outcome.messageId;
    send.answeredAt = sim.clock.now;
    sim.note(`${process.id} ${key} mail ${outcome.kind}`);
    return outcome;
  };
}

/** After a 503 the outcome is unknown; after a refused connection the mail was certainly not accepted. */
function kindOf(sim: Sim, error: unknown): 'throttled' | 'unreachable' | 'unknown' | 'account' {
  if (!(error instanceof Fault)) throw error;
  if (error.kind === 'denied') return 'account';
  if (error.kind === 'throttled') return 'throttled';
  return error.kind === 'error' && sim.random.chance(0.5) ? 'unreachable' : 'unknown';
}
