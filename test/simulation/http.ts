/** `npm run simulate -- --http`: the same world over the embedded AWS. Its faults are seeded, its timing is the machine's. */
import { mailEvents } from '../../functions/aws/ses-feedback.ts';
import { PRODUCT_KEYS, PROVIDER_KEYS } from '../../local/keys.ts';
import { httpAws } from './http-aws.ts';
import { httpClock } from './http-clock.ts';
import { startAws } from './http-servers.ts';
import { storedItems } from './http-table.ts';
import { plotOf } from './plot.ts';
import { merged, type RunResult } from './pool.ts';
import { randomOf } from './random.ts';
import { type Sim, START, simulated } from './sim.ts';
import { judge } from './verdict.ts';
import type { Weather } from './weather.ts';
import { type Parts, worldOf } from './world.ts';

const MINUTE = 60_000;
/** How soon orders come after each other, on average. */
const APART_MS = 8;

interface Wish {
  readonly seed: number;
  readonly orders: number;
}

export async function simulateOverHttp(
  { seed, orders }: Wish,
  show: (part: number) => void,
): Promise<RunResult> {
  const servers = await startAws();
  const random = randomOf(seed);
  const clock = httpClock(START, random);
  const { sim, counts, broken } = simulated({ random, clock, weather: weatherFor(orders) });
  try {
    const plots = Array.from({ length: orders }, (_, n) => plotOf(sim, n));
    let catchUp: () => Promise<void> = async () => {};
    const world = worldOf(sim, plots, (_, parts) => {
      listen(servers, parts);
      changeKeys(sim, servers, parts);
      const aws = httpAws(sim, clock, parts);
      catchUp = async () => void aws.caughtUp((await storedItems(servers.address)).due);
      return aws;
    });
    let caughtUp = false;
    await clock.run(async () => {
      show(Math.min(1, (clock.now - START) / (sim.weather.quietFrom - START)));
      await servers.events.told();
      if (caughtUp || clock.now < sim.weather.quietFrom + MINUTE) return;
      caughtUp = true;
      await catchUp();
    });
    const stored = await storedItems(servers.address);
    judge({ sim, plots, ...world, aws: stored });
  } finally {
    await servers.stop();
  }
  return { ...merged([{ chunk: 0, hash: '', counts: [...counts], broken }]), hash: undefined };
}

const weatherFor = (orders: number): Weather => {
  const salesUntil = START + orders * APART_MS;
  const quietFrom = salesUntil + 30 * MINUTE;
  return {
    faults: (time) => (time < quietFrom ? 0.03 : 0),
    outage: () => undefined,
    drift: 2_000,
    seenWithin: 2_000,
    salesUntil,
    quietFrom,
    keysRenewed: START + (orders * APART_MS) / 2,
  };
};

type Servers = Awaited<ReturnType<typeof startAws>>;

/** SES's events, as SNS hands them on. */
function listen({ events }: Servers, { ledger, hear }: Parts): void {
  events.listening(async (invocation) => {
    for (const event of mailEvents(invocation)) {
      const send = ledger.of(event?.orderKey ?? '').find(({ version }) => version === event?.version);
      if (!event || !send) continue;
      // Its answer may have come too late to be seen.
      send.acceptedAt ??= send.startedAt;
      hear(send, event);
    }
    return [];
  });
}

function changeKeys({ clock }: Sim, { secrets }: Servers, { keys }: Parts): void {
  const write = () => {
    secrets.write(PRODUCT_KEYS, JSON.stringify(keys.products()));
    secrets.write(PROVIDER_KEYS, JSON.stringify(keys.signing()));
  };
  write();
  for (const at of keys.changes) clock.at(at, write);
}
