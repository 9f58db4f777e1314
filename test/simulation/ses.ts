/** SES: it accepts or not, answers or not, and tells of its mails late, repeatedly, or never. */
import type { Message } from '../../functions/core/mail/message.ts';
import type { Mailer, SendOutcome } from '../../functions/core/world.ts';
import { call, Fault, NO } from './calls.ts';
import type { Ledger } from './ledger.ts';
import type { Process } from './process.ts';
import type { Send } from './sends.ts';
import type { Sim } from './sim.ts';

const SEND_MS = 1_500;

/** @param accepted is told of each mail that goes out. */
export function sesOf(sim: Sim, ledger: Ledger, accepted: (send: Send) => void) {
  const asked = async (process: Process, send: Send): Promise<SendOutcome> => {
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
  return (process: Process): Mailer => mailing(sim, ledger, process, (_, send) => asked(process, send));
}

/** A mailer of which the ledger keeps account. */
export function mailing(
  sim: Sim,
  ledger: Ledger,
  process: Process,
  ask: (message: Message, send: Send) => Promise<SendOutcome>,
): Mailer {
  return async (message) => {
    const { to, subject, text, tags } = message;
    const key = Buffer.from(tags.order ?? '', 'base64url').toString();
    const [id, version] = [`m${sim.number()}`, Number(tags.version)];
    const send = ledger.started(process, key, { id, version, to, subject, text });
    const outcome = await ask(message, send);
    send.answered = outcome.kind;
    send.answeredAt = sim.clock.now;
    sim.note(`${process.id} ${key} mail ${outcome.kind}`);
    return outcome;
  };
}

/** A 503 says nothing of the mail; a connection that was refused says all. */
function kindOf(sim: Sim, error: unknown): 'throttled' | 'unknown' | 'account' {
  if (!(error instanceof Fault)) throw error;
  if (error.kind === 'denied') return 'account';
  const surelyNot = error.kind === 'throttled' || (error.kind === 'error' && sim.random.chance(0.5));
  return surelyNot ? 'throttled' : 'unknown';
}
