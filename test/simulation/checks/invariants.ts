/** Checks after the quiet period what must hold for every order, item and mail. */
import { createHash } from 'node:crypto';
import { isPaid } from '../../../functions/core/order/due.ts';
import { keyOf, type Order } from '../../../functions/core/order/types.ts';
import { view } from '../../../functions/core/order/view.ts';
import { checkMailPlays, type MailPlays, mailKeys } from '../processes/mails.ts';
import { LISTED } from '../processes/reconcile-runs.ts';
import type { Delivery } from '../script/deliveries.ts';
import { type Fact, isIgnored, isSale, type OrderScript, receiptOf } from '../script/order-script.ts';
import { heldKeyOf } from '../script/requests.ts';
import { isStopped, statusBy } from '../script/reversals.ts';
import { hasLine } from '../world/catalogue.ts';
import type { Sim } from '../world/sim.ts';
import type { Aws } from '../world/world.ts';
import { checkLine, checkMails } from './line-invariants.ts';
import type { SendHistory } from './send-history.ts';

interface Ended {
  readonly sim: Sim;
  readonly aws: Pick<Aws, 'items' | 'due'>;
  readonly history: SendHistory;
  readonly scripts: readonly OrderScript[];
  /** Orders that a person issued. */
  readonly gifts: readonly OrderScript[];
  readonly deliveries: readonly Delivery[];
  readonly mails: MailPlays;
}

export function checkInvariants({ sim, aws, history, scripts, gifts, deliveries, mails }: Ended): void {
  if (aws.due.size > 0) sim.violation('no order stays due', [...aws.due.keys()].join());
  for (const script of scripts) {
    const item = aws.items.get(script.key)?.item;
    const order = item?.kind === 'order' ? item : undefined;
    checkStored(sim, script, order);
    if (order) checkOrder(sim, script, order, history);
  }
  for (const one of [...gifts, ...mails.scripts]) {
    const item = aws.items.get(one.key)?.item;
    if (item?.kind === 'order') checkOrder(sim, one, item, history);
    else sim.violation('what a person issued or a mail ordered is stored', one.key);
  }
  checkMailPlays(sim, aws.items, mails);
  checkKeys(sim, aws, {
    scripts: [...scripts, ...gifts, ...mails.scripts],
    deliveries,
    others: mailKeys(mails),
  });
  for (const delivery of deliveries)
    if (delivery.gaveUp && !delivery.answered) countGivenUp(sim, aws, delivery);
}

const answered = ({ answeredAt }: Fact) => answeredAt !== undefined;
const isNoReversal = ({ event }: Fact) => event.kind !== 'reversed';
const wasSent = ({ sentAt }: Fact) => sentAt !== undefined;

function checkStored(sim: Sim, script: OrderScript, order: Order | undefined): void {
  sim.count('orders');
  const sales = script.facts.filter(isSale);
  // The first payment of a subscription makes an order only together with its trial.
  const isAnswered = script.isTrial
    ? script.facts.filter(isNoReversal).every(answered)
    : sales.some(answered);
  const isStored = order !== undefined && (isPaid(order) || order.erasedAt !== undefined);
  if (isIgnored(script)) {
    sim.count('orders that are no concern');
    // A reversal may wait there, and a person may erase it.
    if (order && isPaid(order)) sim.violation('no ignored order is stored', script.key);
    return;
  }
  if (sales.length > 0 && isAnswered && !isStored)
    sim.violation('an acknowledged sale is stored', script.key);
  if (order && isPaid(order) && !script.acts.import && !sales.some(wasSent))
    sim.violation('no order without a sale', script.key);
  // An unacknowledged sale may be stored without its alias, and facts may wait under the alias.
  if (isAnswered) for (const fact of script.facts) if (answered(fact)) checkFact(sim, fact, order);
}

/** An acknowledged fact is in the order, or a later state of it is. */
function checkFact(sim: Sim, { event, script }: Fact, order: Order | undefined): void {
  if (event.kind !== 'reversed' || !order || !isPaid(order)) return;
  const kept = order.reversals.get(event.reversalId);
  const lost = !kept || (kept.state === 'open' && event.reversal.state !== 'open');
  if (lost) sim.violation('no fact is lost', script.key);
}

function checkOrder(sim: Sim, script: OrderScript, order: Order, history: SendHistory): void {
  const { key } = script;
  if (!isPaid(order) && order.lines.some(({ state }) => state === 'issued'))
    sim.violation('an unpaid order has no serial', key);
  if (script.isTrial)
    sim.count(isPaid(order) ? 'trials that became sales' : 'trials that wait for a payment');
  if (!isPaid(order)) return;
  const seen = view(order);
  checkMails(sim, script, { order, seen }, history);
  if (order.erasedAt) {
    sim.count('status erased');
    return;
  }
  const status = statusBy(script, answered, answered);
  const exact = script.facts.every((fact) => answered(fact) || !wasSent(fact));
  if (exact && seen.status !== status)
    sim.violation(`the status follows the reversals (${status}, not ${seen.status})`, key);
  sim.count(`status ${seen.status}`);
  const complete = script.facts.every((fact) => !isNoReversal(fact) || answered(fact));
  if (complete)
    for (const { sku } of script.lines) {
      if (sku !== 'consulting' && !hasLine(order, sku)) sim.violation('no line is lost', `${key} ${sku}`);
    }
  for (const line of seen.lines) checkLine(sim, script, line);
  // The address of an imported order is judged when a mail is wanted, long after its notification.
  const hasEnough = script.acts.import ? /^(mail_|bounced|bad_address)/ : /^(mail_|bounced)/;
  const needsRaw = seen.lines.some(({ held }) => held && !hasEnough.test(held));
  if (needsRaw && !isStopped(seen.status) && !(order.heldAt && order.raw))
    sim.violation('a held order has its notification', key);
}

/** Every item comes from an authentic delivery, and every alias leads to its order. */
function checkKeys(
  sim: Sim,
  aws: Pick<Aws, 'items'>,
  {
    scripts,
    deliveries,
    others,
  }: Pick<Ended, 'scripts' | 'deliveries'> & { readonly others: readonly string[] },
): void {
  const own = new Map(
    scripts.flatMap(
      (script) =>
        [
          [script.key, script.key],
          [keyFor(script, script.alias ?? script.id), script.key],
          [keyFor(script, receiptOf(script)), script.key],
          ...script.facts.filter(isSale).map((fact) => [heldKeyOf(fact), script.key] as const),
        ] as const,
    ),
  );
  const unreadable = deliveries.flatMap((delivery) =>
    delivery.text === undefined || delivery.notice ? [] : [delivery],
  );
  const notices = deliveries.flatMap(({ notice, answered: kept }) => (notice ? [{ notice, kept }] : []));
  for (const { notice, kept } of notices)
    if (kept && aws.items.get(notice)?.item.kind !== 'notice')
      sim.violation('ignored money is reported', notice);
  const heldKeys = new Set([
    ...unreadable.map(({ provider, text = '' }) => heldKey(provider, text)),
    ...others,
  ]);
  for (const [key, { item }] of aws.items) {
    if (item.kind === 'cursor' || notices.some(({ notice }) => notice === key)) continue;
    if (item.kind === 'alias' ? own.get(key) !== item.aliasOf : !own.has(key) && !heldKeys.has(key))
      sim.violation('each item comes from an authentic request', key);
  }
  for (const fact of scripts.flatMap(({ facts }) => facts.filter(isSale))) {
    const item = fact.script.unreadable && aws.items.get(heldKeyOf(fact))?.item;
    if (item?.kind === 'unreadable' && item.state === 'held')
      sim.violation('an unparseable order is read again', item.key);
  }
  for (const { provider, text = '', answered: kept } of unreadable) {
    const item = aws.items.get(heldKey(provider, text))?.item;
    if (kept && (item?.kind !== 'unreadable' || item.state !== 'held' || !item.raw))
      sim.violation('an unreadable request is held', provider);
  }
}

const heldKey = (provider: string, text: string) =>
  `held#${provider}#${createHash('sha256').update(text).digest('hex')}`;

const keyFor = ({ provider, test }: OrderScript, id: string) => keyOf(provider, test, id);

/** Counts the facts of a delivery that its provider has stopped retrying. */
function countGivenUp(sim: Sim, aws: Pick<Aws, 'items'>, { provider, facts }: Delivery): void {
  for (const { event, script } of facts) {
    const item = aws.items.get(script.key)?.item;
    const kept =
      item?.kind === 'order' &&
      (event.kind === 'reversed'
        ? item.reversals.has(event.reversalId)
        : isPaid(item) || item.erasedAt !== undefined);
    const what = event.kind === 'reversed' ? 'a reversal' : 'a sale';
    const isListed = isSale({ event, script }) && !isIgnored(script) && !script.isTrial;
    if (isListed && LISTED.includes(provider) && !kept)
      sim.violation('reconcile finds every sale that its provider gave up', script.key);
    sim.count(`given up: ${provider}: ${what}, ${kept ? 'yet kept' : 'not kept'}`);
  }
}
