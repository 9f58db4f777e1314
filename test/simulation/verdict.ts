/** After a quiet time: what must be true of every order, and of whatever else is stored or was sent. */
import { createHash } from 'node:crypto';
import { isAlias, type Order } from '../../functions/core/order/order.ts';
import type { Ledger } from './ledger.ts';
import { judgeLine, judgeMails } from './lines.ts';
import { type Fact, isIgnored, isSale, type Plot } from './plot.ts';
import { isStopped, statusBy } from './reversals.ts';
import type { Sim } from './sim.ts';
import type { Telling } from './tellings.ts';
import type { Aws } from './world.ts';

interface Ended {
  readonly sim: Sim;
  readonly aws: Pick<Aws, 'items' | 'due'>;
  readonly ledger: Ledger;
  readonly plots: readonly Plot[];
  readonly tellings: readonly Telling[];
}

export function judge({ sim, aws, ledger, plots, tellings }: Ended): void {
  if (aws.due.size > 0) sim.broke('nothing stays due for ever', [...aws.due.keys()].join());
  for (const plot of plots) {
    const item = aws.items.get(plot.key)?.item;
    const order = item && !isAlias(item) ? item : undefined;
    judgeKept(sim, plot, order);
    if (order) judgeOrder(sim, plot, order, ledger);
  }
  judgeKeys(sim, aws, plots, tellings);
  for (const telling of tellings) if (telling.gaveUp && !telling.answered) countGivenUp(sim, aws, telling);
}

const answered = ({ answeredAt }: Fact) => answeredAt !== undefined;
const told = ({ toldAt }: Fact) => toldAt !== undefined;

function judgeKept(sim: Sim, plot: Plot, order: Order | undefined): void {
  sim.count('orders');
  const sales = plot.facts.filter(isSale);
  if (isIgnored(plot)) {
    sim.count('orders that are no concern');
    if (order?.placedAt) sim.broke('what is no concern of ours is not kept', plot.key);
    return;
  }
  if (sales.some(answered) && !order?.placedAt) sim.broke('what was answered is kept', plot.key);
  if (order?.placedAt && !sales.some(told)) sim.broke('no order without a sale', plot.key);
  // A sale that was never answered with success may have been kept without its other name, where facts wait.
  if (sales.some(answered)) for (const fact of plot.facts) if (answered(fact)) judgeFact(sim, fact, order);
}

/** A fact that was answered stands in the order, or in something further. */
function judgeFact(sim: Sim, { event, plot }: Fact, order: Order | undefined): void {
  if (event.kind !== 'reversed' || !order?.placedAt) return;
  const kept = order.reversals[event.reversalId];
  const lost = !kept || (kept.state === 'open' && event.reversal.state !== 'open');
  if (lost) sim.broke('no fact is lost', plot.key);
}

function judgeOrder(sim: Sim, plot: Plot, order: Order, ledger: Ledger): void {
  const { key } = plot;
  if (!order.placedAt) return;
  const status = statusBy(plot, answered, answered);
  const exact = plot.facts.every((fact) => answered(fact) || !told(fact));
  if (exact && order.status !== status)
    sim.broke(`reversed is reversed (${status}, not ${order.status})`, key);
  sim.count(`status ${order.status}`);
  const complete = plot.facts.every((fact) => fact.event.kind === 'reversed' || answered(fact));
  if (complete)
    for (const { sku } of plot.lines) {
      if (sku !== 'consulting' && !order.lines.some((line) => line.sku === sku))
        sim.broke('no line is lost', `${key} ${sku}`);
    }
  for (const line of order.lines) judgeLine(sim, plot, line);
  judgeMails(sim, plot, order, ledger);
  const needsRaw = order.lines.some(({ held }) => held && !/^(mail_|bounced)/.test(held));
  if (needsRaw && !isStopped(order.status) && !(order.heldAt && order.raw))
    sim.broke('what is held has all it needs', key);
}

/** Nothing is stored that nobody authentic has told of, and every other name leads to its order. */
function judgeKeys(
  sim: Sim,
  aws: Pick<Aws, 'items'>,
  plots: readonly Plot[],
  tellings: readonly Telling[],
): void {
  const own = new Map(
    plots.flatMap(
      (plot) =>
        [
          [plot.key, plot.key],
          [aliasKeyOf(plot), plot.key],
        ] as const,
    ),
  );
  const unreadable = tellings.flatMap((telling) => (telling.text === undefined ? [] : [telling]));
  const heldKeys = new Set(unreadable.map(({ provider, text = '' }) => heldKey(provider, text)));
  for (const [key, { item }] of aws.items) {
    if (isAlias(item) ? own.get(key) !== item.aliasOf : !own.has(key) && !heldKeys.has(key))
      sim.broke('nothing is stored that nobody has told', key);
  }
  for (const { provider, text = '', answered: kept } of unreadable) {
    const item = aws.items.get(heldKey(provider, text))?.item;
    if (kept && (!item || isAlias(item) || !item.heldAt || !item.raw))
      sim.broke('what cannot be read is held', provider);
  }
}

const heldKey = (provider: string, text: string) =>
  `held#${provider}#${createHash('sha256').update(text).digest('hex')}`;

const aliasKeyOf = ({ key, id, alias }: Plot) => `${key.slice(0, -id.length)}${alias ?? id}`;

/** Its provider heard nothing but errors, and tells no more. */
function countGivenUp(sim: Sim, aws: Pick<Aws, 'items'>, { provider, facts }: Telling): void {
  for (const { event, plot } of facts) {
    const item = aws.items.get(plot.key)?.item;
    const kept =
      item &&
      !isAlias(item) &&
      (event.kind === 'reversed' ? event.reversalId in item.reversals : item.placedAt);
    const what = event.kind === 'reversed' ? 'a reversal' : 'a sale';
    sim.count(`given up: ${provider}: ${what}, ${kept ? 'yet kept' : 'not kept'}`);
  }
}
