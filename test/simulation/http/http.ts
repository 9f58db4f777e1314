/** `npm run simulate -- --http`: the same world over the embedded AWS. The seed decides the faults, the machine the timing. */

import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { mailEvents } from '../../../functions/aws/ses/feedback.ts';
import type { MailEvent } from '../../../functions/core/mail/feedback.ts';
import { checkInvariants } from '../checks/invariants.ts';
import type { Send } from '../checks/send.ts';
import type { SendHistory } from '../checks/send-history.ts';
import { orderScript } from '../script/order-script.ts';
import { mergeResults, type RunResult } from '../threads/parallel.ts';
import type { FaultProfile } from '../world/fault-profile.ts';
import { randomOf } from '../world/random.ts';
import { createSim, type Sim, START } from '../world/sim.ts';
import { type Parts, worldOf } from '../world/world.ts';
import { httpAws } from './aws.ts';
import { httpClock } from './clock.ts';
import { startAws } from './servers.ts';
import { storedItems } from './table.ts';

const MINUTE = 60_000;
/** The average time between two orders. */
const APART_MS = 8;

interface RunOptions {
  readonly seed: number;
  readonly orders: number;
}

export async function simulateOverHttp(
  { seed, orders }: RunOptions,
  show: (part: number) => void,
): Promise<RunResult> {
  const servers = await startAws();
  const random = randomOf(seed);
  const clock = httpClock(START, random);
  const { sim, counts, violations } = createSim({ random, clock, faultProfile: faultProfileFor(orders) });
  try {
    const scripts = Array.from({ length: orders }, (_, n) => orderScript(sim, n));
    let catchUp: () => Promise<void> = async () => {};
    const world = worldOf(sim, scripts, (_, parts) => {
      listen(servers, parts);
      changeKeys(sim, servers, parts);
      const aws = httpAws(sim, clock, parts);
      catchUp = async () => void aws.caughtUp((await storedItems(servers.address)).due);
      return aws;
    });
    // An answer that was lost may have changed what is due, so that the table is asked now and then.
    let caughtUpAt = sim.faultProfile.quietFrom - 29 * MINUTE;
    await clock.run(async () => {
      show(Math.min(1, (clock.now - START) / (sim.faultProfile.quietFrom - START)));
      await servers.events.flush();
      if (clock.now < caughtUpAt + 30 * MINUTE) return;
      caughtUpAt = clock.now;
      await catchUp();
    });
    const stored = await storedItems(servers.address);
    checkInvariants({ sim, scripts, ...world, aws: stored });
  } finally {
    await servers.stop();
  }
  return { ...mergeResults([{ chunk: 0, hash: '', counts: [...counts], violations }]), hash: undefined };
}

const faultProfileFor = (orders: number): FaultProfile => {
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

/** Receives the events of SES from SNS. */
function listen({ events }: Servers, { history, handle }: Parts): void {
  events.deliverTo(async (invocation) => {
    for (const event of mailEvents(invocation)) {
      const send = event && toldOf(history, event);
      if (!event || !send) continue;
      send.messageId = event.messageId;
      // The response of SES may have been lost.
      send.acceptedAt ??= send.startedAt;
      handle(send, event);
    }
    return [];
  });
}

/** The try that SES tells of. The answer to it may have been lost, but it was not that SES had not accepted it. */
function toldOf(
  history: SendHistory,
  { orderKey = '', send: ordinal, messageId }: MailEvent,
): Send | undefined {
  const tries = history.of(orderKey).filter(({ n }) => n === ordinal);
  const isOpen = (send: Send) =>
    !send.messageId && (send.answered === undefined || send.answered === 'unknown');
  return tries.find((send) => send.messageId === messageId) ?? tries.find(isOpen);
}

function changeKeys({ clock }: Sim, { secrets }: Servers, { keys }: Parts): void {
  const write = () => {
    secrets.write(LOCAL_NAMES.productKeys, JSON.stringify(keys.products()));
    secrets.write(LOCAL_NAMES.providerKeys, JSON.stringify(keys.signing()));
  };
  write();
  for (const at of keys.changes) clock.at(at, write);
}
