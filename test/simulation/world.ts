/** Orders, their providers, our processes and AWS, joined: whatever AWS it is. */

import type { Queue } from '../../functions/core/mail/redeliver.ts';
import { type Item, isAlias } from '../../functions/core/order/order.ts';
import type { Shared } from '../../functions/core/request-world.ts';
import type { Mailer, Ports, ReportName, Store } from '../../functions/core/world.ts';
import { deskOf } from './desk.ts';
import { type Hear, hearing } from './events.ts';
import { catalogue } from './goods.ts';
import { type Ledger, ledgerOf } from './ledger.ts';
import type { Plot } from './plot.ts';
import { nowOf, type Process } from './process.ts';
import { reasonsFor } from './reasons.ts';
import { reversedBefore } from './reversals.ts';
import { startRuns } from './runs.ts';
import { keysFor } from './secrets.ts';
import type { Sim } from './sim.ts';
import { tellAll } from './story.ts';
import type { Watcher, Write } from './table.ts';
import { tellerOf } from './tellings.ts';
import { webhookOf } from './webhook.ts';

/** What a world has of AWS. */
export interface Aws {
  readonly items: ReadonlyMap<string, { readonly item: Item }>;
  readonly due: ReadonlyMap<string, { readonly at: number }>;
  /** Calls back whenever something falls due. */
  onDue(wake: (at: number) => void): void;
  /** Each call ends after `ms()`. */
  storeOf(process: Process, ms: () => number): Store;
  mailerOf(process: Process): Mailer;
  secretsOf(process: Process): Pick<Shared, 'productKeys' | 'providerKeys'>;
  queueOf(process: Process): Queue;
}

export interface Parts {
  readonly watcher: Watcher;
  readonly ledger: Ledger;
  readonly keys: ReturnType<typeof keysFor>;
  /** Has a Lambda hear an event of SES. */
  readonly hear: Hear;
}

export function worldOf(sim: Sim, plots: readonly Plot[], awsOf: (sim: Sim, parts: Parts) => Aws) {
  const byKey = new Map(plots.map((plot) => [plot.key, plot]));
  const ledger = ledgerOf(sim, (key, at) => {
    const plot = byKey.get(key);
    return plot === undefined || reversedBefore(plot, at);
  });
  const serials = new Map<string, string>();
  const watcher: Watcher = {
    wrote(write) {
      ledger.wrote(write);
      watchSerials(sim, serials, write);
    },
    failed: ledger.failed,
    called: ({ verified, id }) => {
      if (!verified) sim.broke('nothing is asked of AWS before it is verified', id);
    },
  };
  const keys = keysFor(sim);
  const aws = awsOf(sim, {
    watcher,
    ledger,
    keys,
    hear: hearing(
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
      if (name === 'mail_sent' || name === 'mail_deferred') ledger.left(process, String(order));
      sim.note(`${process.id} ${name} ${order ?? ''}`);
    },
  });
  const sharedOf = (process: Process): Shared => ({
    ...commonOf(process),
    ...aws.secretsOf(process),
    ask: async () => '',
    store: (ms) => aws.storeOf(process, ms),
  });
  const portsOf = (process: Process): Ports => ({
    ...commonOf(process),
    store: aws.storeOf(process, () => 3_000),
  });
  const tellings = tellAll(sim, plots, tellerOf(sim, webhookOf(sim, sharedOf), keys.signingKey));
  startRuns(sim, aws, portsOf);
  openDesk(sim, plots, deskOf(sim, aws, keys.products));
  return { aws, ledger, tellings };
}

/** A line has one serial for ever, whoever writes it. */
function watchSerials(sim: Sim, serials: Map<string, string>, { before, after }: Write): void {
  if (isAlias(after)) return;
  for (const { sku, serial } of after.lines) {
    const line = `${after.key} ${sku}`;
    const first = serials.get(line);
    if (first !== undefined && first !== serial) sim.broke('a line has one serial for ever', line);
    if (serial) serials.set(line, first ?? serial);
  }
  if (
    before &&
    !isAlias(before) &&
    before.lines.some(({ sku }) => sku && !after.lines.some((line) => line.sku === sku))
  )
    sim.broke('no line is taken away', after.key);
}

/** Two of three held orders are put right; the others wait for ever. */
function openDesk(sim: Sim, plots: readonly Plot[], release: (plot: Plot) => void): void {
  const { random, clock, weather } = sim;
  for (const plot of plots) {
    const isHeld = plot.lines.some((line) => reasonsFor(plot, line).length > 0);
    const soon = plot.saleAt + random.below(weather.quietFrom - plot.saleAt + 3_600_000);
    if (isHeld && random.chance(0.67)) clock.at(soon, () => release(plot));
  }
}
