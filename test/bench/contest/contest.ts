/** Compares ours with the three calls alone and with the textbook: starts, first orders and warm orders, in turns. */

import { byTurns, type Spread, shuffled, spreadOf } from '../report/stats.ts';
import type { Bundles } from './bundles.ts';
import { type ColdStart, coldStart } from './sandbox.ts';
import { cpuShare, type Share } from './share.ts';
import { signedOrder } from './signed-orders.ts';
import type { StubAws } from './stub-aws.ts';
import type { ThreeCalls } from './three-calls.ts';

export type Contender = 'warmed' | 'unwarmed' | 'threeCalls' | 'textbook';

export interface Start {
  readonly load: Spread;
  readonly first: Spread;
  /** From the start to the answer. */
  readonly both: Spread;
}

export interface Starts {
  readonly megabytes: number;
  of(contender: Contender): Start;
  /** The method that limits the CPU. */
  readonly how: string;
}

/** The conditions for all contenders. */
export interface Stage {
  readonly bundles: Bundles;
  readonly aws: StubAws;
  readonly calls: ThreeCalls;
}

/** Cold starts up to the first answer, with the CPU share of `megabytes` once they are loaded. */
export async function starts(n: number, megabytes: number, stage: Stage): Promise<Starts> {
  const share = cpuShare(megabytes);
  const once = (contender: Contender) => () => started(stage, contender, 1, share);
  try {
    const found = await byTurns(
      n,
      new Map(CONTENDERS.map((contender) => [contender, once(contender)] as const)),
    );
    return { megabytes, how: share.how, of: (contender) => startOf(found.get(contender) ?? []) };
  } finally {
    share.end();
  }
}

/**
 * The CPU time of an order in milliseconds, after as many orders of each contender have run. The contenders are in one process and
 * take turns in random order for each order, so that they share its compilers, its garbage collector and a busy machine.
 */
export async function warmOrders(orders: number, { bundles, aws, calls }: Stage) {
  const contenders = ['warmed', 'threeCalls', 'textbook'] as const;
  const cpu = contenders.map((): number[] => []);
  const start = {
    cold: bundles.cold.path,
    bundles: contenders.map((contender) => bundles[contender].url),
    env: aws.env,
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const events = contenders.map((contender, at) => ({ at, event: eventOf(contender, calls) }));
    const sent = Array.from({ length: 2 * orders }, () => shuffled(events)).flat();
    const found = await coldStart(start, sent);
    for (const [index, { at }] of sent.entries()) {
      if (index >= sent.length / 2) cpu[at]?.push(found.cpu[index] ?? Number.NaN);
    }
  }
  const of = (contender: (typeof contenders)[number]) => spreadOf(cpu[contenders.indexOf(contender)] ?? []);
  return { ours: of('warmed'), threeCalls: of('threeCalls'), textbook: of('textbook') };
}

/** The calls of the textbook, for the first order and for a later one. */
export async function textbookCalls(stage: Stage) {
  const { aws } = stage;
  aws.takeCalls();
  await started(stage, 'textbook', 1);
  const first = aws.takeCalls();
  await started(stage, 'textbook', 2);
  return { first, next: aws.takeCalls().slice(first.length) };
}

const CONTENDERS = ['warmed', 'unwarmed', 'threeCalls', 'textbook'] as const;
const ROUNDS = 5;

async function started({ bundles, aws, calls }: Stage, contender: Contender, orders: number, share?: Share) {
  const event = eventOf(contender, calls);
  const events = Array.from({ length: orders }, () => ({ at: 0, event }));
  return await coldStart(
    { cold: bundles.cold.path, bundles: [bundles[contender].url], env: aws.env },
    events,
    share,
  );
}

const eventOf = (contender: Contender, calls: ThreeCalls) =>
  contender === 'threeCalls' ? calls : signedOrder('stripe');

function startOf(samples: readonly ColdStart[]): Start {
  const first = ({ orders: [ms = Number.NaN] }: ColdStart) => ms;
  return {
    load: spreadOf(samples.map(({ load }) => load)),
    first: spreadOf(samples.map(first)),
    both: spreadOf(samples.map((sample) => sample.load + first(sample))),
  };
}
