/** Joins orders, providers, our processes and either kind of AWS. */

import type { Queue } from '../../functions/core/mail/redeliver.ts';
import { type Item, isAlias } from '../../functions/core/order/order.ts';
import type { LambdaPorts, Mailer, Ports, ReportName, Store } from '../../functions/core/world.ts';
import { catalogue } from './catalogue.ts';
import { deliverySender } from './deliveries.ts';
import { feedbackLambda, type HandleFeedback } from './events.ts';
import { operatorOf } from './operator.ts';
import type { OrderScript } from './order-script.ts';
import { nowOf, type Process } from './process.ts';
import { reasonsFor } from './reasons.ts';
import { reversedBefore } from './reversals.ts';
import { startRuns } from './runs.ts';
import { scheduleDeliveries } from './scenario.ts';
import { keysFor } from './secrets.ts';
import { type SendHistory, sendHistory } from './send-history.ts';
import type { Sim } from './sim.ts';
import type { Watcher, Write } from './table.ts';
import { webhookOf } from './webhook.ts';

/** The AWS services of a world. */
export interface Aws {
  readonly items: ReadonlyMap<string, { readonly item: Item }>;
  readonly due: ReadonlyMap<string, { readonly at: number }>;
  /** Calls back whenever an order gets a due time. */
  onDue(wake: (at: number) => void): void;
  /** Each call ends after `ms()`. */
  storeOf(process: Process, ms: () => number): Store;
  mailerOf(process: Process): Mailer;
  secretsOf(process: Process): Pick<LambdaPorts, 'productKeys' | 'providerKeys'>;
  queueOf(process: Process): Queue;
}

export interface Parts {
  readonly watcher: Watcher;
  readonly history: SendHistory;
  readonly keys: ReturnType<typeof keysFor>;
  /** Runs a Lambda with an event of SES. */
  readonly handle: HandleFeedback;
}

export function worldOf(sim: Sim, scripts: readonly OrderScript[], awsOf: (sim: Sim, parts: Parts) => Aws) {
  const byKey = new Map(scripts.map((script) => [script.key, script]));
  const history = sendHistory(sim, (key, at) => {
    const script = byKey.get(key);
    return script === undefined || reversedBefore(script, at);
  });
  const serials = new Map<string, string>();
  const watcher: Watcher = {
    wrote(write) {
      history.wrote(write);
      watchSerials(sim, serials, write);
    },
    failed: history.failed,
    called: ({ verified, id }) => {
      if (!verified) sim.violation('nothing is asked of AWS before it is verified', id);
    },
  };
  const keys = keysFor(sim);
  const aws = awsOf(sim, {
    watcher,
    history,
    keys,
    handle: feedbackLambda(
      sim,
      () => aws.items,
      (process) => portsOf(process),
    ),
  });
  const commonOf = (process: Process) => ({
    catalogue,
    mailer: aws.mailerOf(process),
    now: () => nowOf(sim, process),
    report(name: ReportName, { order }: Readonly<Record<string, string | number | boolean>>) {
      if (name === 'mail_sent' || name === 'mail_deferred') history.left(process, String(order));
      sim.note(`${process.id} ${name} ${order ?? ''}`);
    },
  });
  const sharedOf = (process: Process): LambdaPorts => ({
    ...commonOf(process),
    ...aws.secretsOf(process),
    ask: async () => '',
    store: (ms) => aws.storeOf(process, ms),
  });
  const portsOf = (process: Process): Ports => ({
    ...commonOf(process),
    store: aws.storeOf(process, () => 3_000),
  });
  const deliveries = scheduleDeliveries(
    sim,
    scripts,
    deliverySender(sim, webhookOf(sim, sharedOf), keys.signingKey),
  );
  startRuns(sim, aws, portsOf);
  scheduleReleases(sim, scripts, operatorOf(sim, aws, keys.products));
  return { aws, history, deliveries };
}

/** Checks that a line keeps its serial. */
function watchSerials(sim: Sim, serials: Map<string, string>, { before, after }: Write): void {
  if (isAlias(after)) return;
  for (const { sku, serial } of after.lines) {
    const line = `${after.key} ${sku}`;
    const first = serials.get(line);
    if (first !== undefined && first !== serial) sim.violation('a line has one serial for ever', line);
    if (serial) serials.set(line, first ?? serial);
  }
  if (
    before &&
    !isAlias(before) &&
    before.lines.some(({ sku }) => sku && !after.lines.some((line) => line.sku === sku))
  )
    sim.violation('no line is taken away', after.key);
}

/** Schedules the release of two of three held orders. The others stay held. */
function scheduleReleases(
  sim: Sim,
  scripts: readonly OrderScript[],
  release: (script: OrderScript) => void,
): void {
  const { random, clock, faultProfile } = sim;
  for (const script of scripts) {
    const isHeld = script.lines.some((line) => reasonsFor(script, line).length > 0);
    const soon = script.saleAt + random.below(faultProfile.quietFrom - script.saleAt + 3_600_000);
    if (isHeld && random.chance(0.67)) clock.at(soon, () => release(script));
  }
}
