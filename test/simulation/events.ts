/** What SES tells of its mails: late, repeatedly, in any order, or never; a Lambda that fails hears it three times. */
import { type MailEvent, recordMailEvent } from '../../functions/core/mail/feedback.ts';
import { isAlias } from '../../functions/core/order/order.ts';
import type { Ports } from '../../functions/core/world.ts';
import { kill, type Process, processOf } from './process.ts';
import type { Send } from './sends.ts';
import type { Sim } from './sim.ts';
import type { Aws } from './world.ts';

type Kind = MailEvent['kind'];

const TRIES = 3;
const LAMBDA_MS = 10_000;
const HOUR = 3_600_000;

export type Hear = (send: Send, event: MailEvent, tries?: number) => void;

/** The Lambda that hears of mails: what it fails at comes again, twice. */
export function hearing(sim: Sim, items: () => Aws['items'], portsOf: (process: Process) => Ports): Hear {
  const { clock } = sim;
  return function hear(send, event, tries = 1) {
    const process = processOf(sim, 'e');
    process.verified = true;
    let over = false;
    const again = () => {
      over = true;
      if (tries < TRIES) clock.at(clock.now + tries * 60_000, () => hear(send, event, tries + 1));
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
      const item = items().get(send.key)?.item;
      const round = item && !isAlias(item) ? (item.mail.round ?? 0) : 0;
      // Of an earlier mail than the order now waits for it says nothing.
      if (event.version >= round) send.events.push({ kind: event.kind, at: clock.now });
    }, again);
  };
}

export function eventsOf(sim: Sim, hear: Hear) {
  const { random, clock } = sim;
  /** In some worlds the configuration set tells nobody anything. */
  const isSilent = random.chance(0.1);
  return (send: Send): void => {
    if (isSilent) return;
    for (const [kind, after] of kindsFor(sim, send)) {
      if (random.chance(0.05)) continue;
      const { id: messageId, key: orderKey, version } = send;
      const times = random.chance(0.1) ? 2 : 1;
      for (let n = 0; n < times; n += 1) {
        const late = random.chance(0.05) ? random.below(6 * HOUR) : random.below(after);
        clock.at(clock.now + late, () => hear(send, { kind, messageId, orderKey, version }));
      }
    }
  };
}

/** Which, and how soon at the latest. */
function kindsFor({ random }: Sim, { to }: Send): [Kind, number][] {
  const kinds: [Kind, number][] = [['send', 4_000]];
  if (random.chance(0.05)) kinds.push(['delay', 60_000]);
  if (random.chance(0.01)) kinds.push(['soft_bounce', 60_000]);
  if (to.startsWith('bounce')) return [...kinds, ['bounce', 60_000]];
  if (to.startsWith('suppressed')) return [...kinds, ['suppressed', 10_000]];
  if (to.startsWith('complain')) kinds.push(['complaint', HOUR]);
  return [...kinds, ['delivery', 30_000]];
}
