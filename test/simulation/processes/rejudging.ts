/** Judges held items again, as `redeliver` does after a changed key or a fixed parser, until all are judged. */
import { judgedBy, rejudgeHeld } from '../../../functions/core/mail/rejudge.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { providers } from '../script/requests.ts';
import type { Sim } from '../world/sim.ts';
import type { Aws } from '../world/world.ts';
import { type Process, processOf } from './process.ts';

const MINUTE = 60_000;

export function scheduleRejudging(
  sim: Sim,
  aws: Pick<Aws, 'items'>,
  portsOf: (process: Process) => Ports,
): void {
  const { clock, random, faultProfile } = sim;
  const listHeld = async (after: string | undefined, limit: number) => {
    const held = [...aws.items.values()].flatMap(({ item }) =>
      'heldAt' in item && item.heldAt ? item.key : [],
    );
    const from = after === undefined ? 0 : held.indexOf(after) + 1;
    const keys = held.slice(from, from + limit);
    return { keys, after: from + limit < held.length ? keys.at(-1) : undefined };
  };

  async function run(): Promise<boolean> {
    const process = processOf(sim, 'j');
    process.verified = true;
    const again = () => clock.at(clock.now + MINUTE, start);
    process.ends.push(again);
    const ports = { ...portsOf(process), providers };
    try {
      return await rejudgeHeld(ports, await judgedBy('code', ports), listHeld);
    } finally {
      process.ends.length = 0;
    }
  }
  const start = () => {
    run().then(
      (isDone) => isDone || clock.at(clock.now + MINUTE, start),
      () => clock.at(clock.now + MINUTE, start),
    );
  };
  clock.at(faultProfile.keysRenewed + random.below(30 * MINUTE), start);
  clock.at(faultProfile.quietFrom + 30 * MINUTE, start);
}
