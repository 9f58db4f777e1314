/** Joins orders, providers, our processes and either kind of AWS. */

import type { Queue } from '../../../functions/core/mail/redeliver.ts';
import type { Item } from '../../../functions/core/order/types.ts';
import type { Mailer, Ports, ReportName, Store } from '../../../functions/core/world.ts';
import { askApi } from '../aws/calls.ts';
import { feedbackLambda, type HandleFeedback } from '../aws/events.ts';
import { keysFor } from '../aws/secrets.ts';
import type { Watcher, Write } from '../aws/table.ts';
import { type SendHistory, sendHistory } from '../checks/send-history.ts';
import { scheduleMails } from '../processes/mails.ts';
import { type Action, type Operator, operatorOf, PERSON } from '../processes/operator.ts';
import { nowOf, type Process } from '../processes/process.ts';
import { scheduleReconcile } from '../processes/reconcile-runs.ts';
import { scheduleRejudging } from '../processes/rejudging.ts';
import { startRuns } from '../processes/runs.ts';
import { webhookOf } from '../processes/webhook.ts';
import { deliverySender } from '../script/deliveries.ts';
import { giftScript, isDescribable, isGift, type OrderScript } from '../script/order-script.ts';
import { reasonsFor } from '../script/reasons.ts';
import { reversedBefore } from '../script/reversals.ts';
import { scheduleDeliveries } from '../script/scenario.ts';
import { catalogue, hasLine } from './catalogue.ts';
import type { Sim } from './sim.ts';

/** The AWS services of a world. */
export interface Aws {
  /** Over HTTP order mails have tests of their own: test/local/order-mails.test.ts. */
  readonly takesMails?: boolean;
  readonly items: ReadonlyMap<string, { readonly item: Item }>;
  readonly due: ReadonlyMap<string, { readonly at: number }>;
  /** Calls back whenever an order gets a due time. */
  onDue(wake: (at: number) => void): void;
  /** Each call ends after `ms()`, 3 s by default. */
  storeOf(process: Process, ms?: () => number): Store;
  mailerOf(process: Process): Mailer;
  secretsOf(process: Process): Pick<Ports, 'productKeys' | 'providerKeys'>;
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
  const gifts = Array.from({ length: Math.ceil(scripts.length / 50) }, (_, n) => giftScript(sim, n));
  const byKey = new Map([...scripts, ...gifts].map((script) => [script.key, script]));
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
      if (!verified) sim.violation('no call to AWS before the request is verified', id);
    },
  };
  const keys = keysFor(sim);
  const aws = awsOf(sim, {
    watcher,
    history,
    keys,
    handle: feedbackLambda(sim, (process) => portsOf(process)),
  });
  const portsOf = (process: Process): Ports => ({
    ...aws.secretsOf(process),
    ask: () => askApi(sim, process),
    catalogue,
    mailer: aws.mailerOf(process),
    store: aws.storeOf(process),
    now: () => nowOf(sim, process),
    report(name: ReportName, { order }: Readonly<Record<string, string | number | boolean>>) {
      if (name === 'rejudged') sim.count('items judged again');
      if (name === 'mail_sent' || name === 'mail_deferred') history.left(process, String(order));
      sim.note(`${process.id} ${name} ${order ?? ''}`);
    },
  });
  const deliveries = scheduleDeliveries(
    sim,
    scripts,
    deliverySender(sim, webhookOf(sim, portsOf), keys.signingKey),
  );
  startRuns(sim, aws, portsOf);
  scheduleOperator(sim, [...scripts, ...gifts], operatorOf(sim, aws, keys));
  scheduleReconcile(sim, scripts, portsOf);
  scheduleRejudging(sim, aws, portsOf);
  const mails = scheduleMails(sim, aws.takesMails ? scripts.length : 0, portsOf);
  for (const script of mails.scripts) byKey.set(script.key, script);
  return { aws, history, deliveries, gifts, mails };
}

/** Checks that a serial changes only by a reissue, and that no line is lost. */
function watchSerials(sim: Sim, serials: Map<string, string>, { process, before, after }: Write): void {
  if (after.kind !== 'order') return;
  const { key, lines } = after;
  if (after.erasedAt) {
    if (Object.keys(after.buyer).length > 0 || after.raw || lines.some(({ state }) => state !== 'erased'))
      sim.violation('an erased order has nothing of its buyer', key);
    return;
  }
  if (before?.kind === 'order' && before.erasedAt) sim.violation('an erased order stays erased', key);
  for (const line of lines) {
    if (line.state !== 'issued') continue;
    const issue = `${key} ${line.id}.${line.issued.n}`;
    const first = serials.get(issue);
    if (first !== undefined && first !== line.issued.serial)
      sim.violation('a line keeps its serial unless a person asks for another', issue);
    serials.set(issue, first ?? line.issued.serial);
  }
  if (before?.kind !== 'order') return;
  for (const was of before.lines) {
    const now = lines.find(({ id }) => id === was.id);
    if (was.sku && !hasLine(after, was.sku)) sim.violation('no line is removed', key);
    if (was.state !== 'issued') continue;
    const n = now?.state === 'issued' ? now.issued.n : 0;
    if (n < was.issued.n || (n > was.issued.n && !process.id.startsWith(PERSON)))
      sim.violation('a line keeps its serial unless a person asks for another', `${key} ${was.sku}`);
  }
}

/** Schedules the manual actions. Two of three held orders are released, the others stay held. */
function scheduleOperator(sim: Sim, scripts: readonly OrderScript[], act: Operator): void {
  const { random, clock, faultProfile } = sim;
  for (const script of scripts) {
    const { acts, saleAt } = script;
    const isHeld = script.lines.some((line) => reasonsFor(script, line).length > 0);
    const soon = () => saleAt + random.below(faultProfile.quietFrom - saleAt + 3_600_000);
    // Many mails are in flight within minutes of the sale.
    const early = () => (random.chance(0.5) ? soon() : saleAt + random.below(300_000));
    const at = (time: number, action: Action) => {
      clock.at(time, () => act(script, action));
      // Two people act at once.
      if (random.chance(0.2)) clock.at(time + random.below(20), () => act(script, action));
    };
    if (isGift(script)) {
      at(saleAt, 'issue');
      continue;
    }
    const { unreadable } = script;
    if (unreadable) {
      if (isDescribable(script) && random.chance(0.5)) at(early(), 'release');
      at(unreadable.until + random.below(faultProfile.quietFrom - unreadable.until), 're-read');
      at(faultProfile.quietFrom + 3_600_000, 're-read');
    }
    if (isHeld && random.chance(0.67)) at(soon(), random.chance(0.5) ? 'release' : 're-read');
    if (random.chance(0.02)) at(early(), 'resend');
    if (random.chance(0.02)) at(early(), 'reissue');
    if (random.chance(0.02)) at(early(), 'transfer');
    if (acts.erase) at(early(), 'erase');
    if (acts.import) at(random.chance(0.5) ? saleAt - random.below(300_000) : early(), 'import');
    for (let n = 0; acts.manyActions && n < MANY; n += 1) at(soon(), n % 3 ? 'resend' : 'reissue');
  }
}

/** More than an order has room for: replaced serials first, then sends. */
const MANY = 30;
