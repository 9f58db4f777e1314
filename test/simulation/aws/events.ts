/** The events of SES: late, repeated, in any order, or missing. A Lambda that fails receives an event three times. */
import { type MailEvent, recordMailEvent } from '../../../functions/core/mail/feedback.ts';
import type { Ports } from '../../../functions/core/world.ts';
import type { Send } from '../checks/send.ts';
import { kill, type Process, processOf } from '../processes/process.ts';
import type { Sim } from '../world/sim.ts';

type Kind = MailEvent['kind'];

const TRIES = 3;
const LAMBDA_MS = 10_000;
const HOUR = 3_600_000;

export type HandleFeedback = (send: Send, event: MailEvent, tries?: number) => void;

/** The Lambda `mail-events`. An event that fails is delivered again, twice. */
export function feedbackLambda(sim: Sim, portsOf: (process: Process) => Ports): HandleFeedback {
  const { clock } = sim;
  return function handle(send, event, tries = 1) {
    const process = processOf(sim, 'e');
    process.verified = true;
    let over = false;
    const again = () => {
      over = true;
      if (tries < TRIES) clock.at(clock.now + tries * 60_000, () => handle(send, event, tries + 1));
      else sim.count('mail events lost');
    };
    process.ends.push(again);
    clock.at(clock.now + LAMBDA_MS, () => {
      if (!over) kill(sim, process);
    });
    recordMailEvent(portsOf(process), event).then((result) => {
      over = true;
      process.ends.length = 0;
      sim.count(`mail event: ${event.kind}, ${result}`);
      send.events.push({ kind: event.kind, at: clock.now });
    }, again);
  };
}

export function eventsOf(sim: Sim, handle: HandleFeedback) {
  const { random, clock } = sim;
  /** In some worlds the configuration set publishes no events. */
  const isSilent = random.chance(0.1);
  return (send: Send): void => {
    if (isSilent) return;
    for (const [kind, after] of kindsFor(sim, send)) {
      if (random.chance(0.05)) continue;
      const { id: messageId, key: orderKey, n: ordinal } = send;
      const times = random.chance(0.1) ? 2 : 1;
      for (let n = 0; n < times; n += 1) {
        const late = random.chance(0.05) ? random.below(6 * HOUR) : random.below(after);
        clock.at(clock.now + late, () => handle(send, { kind, messageId, orderKey, send: ordinal }));
      }
    }
  };
}

/** The kinds of events, each with its longest delay. */
function kindsFor({ random }: Sim, { to }: Send): [Kind, number][] {
  const kinds: [Kind, number][] = [['send', 4_000]];
  if (random.chance(0.05)) kinds.push(['delay', 60_000]);
  if (random.chance(0.01)) kinds.push(['soft_bounce', 60_000]);
  if (to.startsWith('bounce'))
    return [...kinds, random.chance(0.5) ? ['bounce', 60_000] : ['undelivered', 14 * HOUR]];
  if (to.startsWith('suppressed')) return [...kinds, ['suppressed', 10_000]];
  if (to.startsWith('complain')) kinds.push(['complaint', HOUR]);
  return [...kinds, ['delivery', 30_000]];
}
