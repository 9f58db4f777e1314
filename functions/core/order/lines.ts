/** The lines of an order: reported by events, joined by product, and judged when the order is paid. */
import type { HeldReason, Money, SoldLine } from '../inbound/event.ts';
import { isPaid, toAt } from './due.ts';
import { add, atLeast } from './money.ts';
import type { Issued, Line, LineFacts, Order } from './types.ts';

/** A line of an event, with its product if the catalogue knows the SKU. */
export interface NewLine extends Omit<LineFacts, 'id' | 'via'> {
  readonly product: string | null;
  readonly via?: 'mail' | 'answer' | undefined;
  /** Set if the provider lacks data that the line needs. */
  readonly reason?: HeldReason | undefined;
}

export type NewSerial = Omit<Issued, 'n'>;

/** The state of a line of a paid order, as the judge decides it. */
export type Judged =
  | { readonly state: 'held'; readonly product: string | null; readonly reason: HeldReason }
  | { readonly state: 'to_make'; readonly product: string; readonly licensee: string }
  | { readonly state: 'issued'; readonly product: string; readonly issued: NewSerial };

/** Decides by the catalogue, the keys and the order's buyer. It compares `priceOf` the line with the floor. */
export type Judge = (line: Line, order: Order) => Judged;

/** The lines without a serial, to be judged again, without what the provider said of them. */
export const toSold = ({ lines }: Order): readonly SoldLine[] =>
  lines.flatMap(({ state, sku, quantity, paid, settlement }) =>
    state === 'held' || state === 'to_make' ? [{ sku, quantity, paid, settlement }] : [],
  );

/** Returns one line for each product. A SKU that several products list is a bundle; its price is on its first line. */
export function toLines(
  sold: readonly SoldLine[],
  productsOf: (sku: string) => readonly string[],
): readonly NewLine[] {
  const lines = sold.flatMap(
    ({ sku, quantity, delivery: via, held: reason, paid, settlement }): NewLine[] => {
      const line = { sku, quantity, via, reason };
      const [first = null, ...others] = productsOf(sku);
      return [
        { ...line, product: first, paid, settlement },
        ...others.map((product) => ({ ...line, product })),
      ];
    },
  );
  return combine(lines, isSameLine, addUp);
}

/** Combines each item with an earlier one that is the same. */
function combine<One>(
  list: readonly One[],
  isOne: (known: One, one: One) => boolean,
  both: (known: One, one: One) => One,
): readonly One[] {
  const combined: One[] = [];
  for (const one of list) {
    const at = combined.findIndex((known) => isOne(known, one));
    const known = combined[at];
    if (known) combined[at] = both(known, one);
    else combined.push(one);
  }
  return combined;
}

/** Returns the price of the line's SKU. The price of a bundle is on its first line. */
export function priceOf({ lines }: Order, line: Line): Pick<LineFacts, 'paid' | 'settlement'> {
  const hasPrice = ({ paid, settlement }: Line) => paid !== undefined || settlement !== undefined;
  if (hasPrice(line) || line.sku === '') return line;
  return lines.find((other) => other.sku === line.sku && hasPrice(other)) ?? line;
}

type Known = Pick<NewLine, 'sku' | 'otherSkus' | 'quantity' | 'paid' | 'settlement' | 'product'>;

const isSameLine = (one: Known, other: Known): boolean =>
  one.product !== null && other.product !== null ? one.product === other.product : one.sku === other.sku;

/** True if the line is known under this SKU. */
export const hasSku = ({ sku, otherSkus = [] }: Pick<Known, 'sku' | 'otherSkus'>, wanted: string): boolean =>
  sku === wanted || otherSkus.includes(wanted);

function addSkus<Some extends Known>(one: Some, other: Known): Some {
  const more = [other.sku, ...(other.otherSkus ?? [])].filter((sku) => sku !== '' && !hasSku(one, sku));
  return more.length > 0 ? { ...one, otherSkus: [...(one.otherSkus ?? []), ...more] } : one;
}

/** Adds two parts of one sale. A sum with an unknown part is unknown. */
const addUp = <Some extends Known>(one: Some, other: Known): Some => ({
  ...addSkus(one, other),
  quantity: one.quantity + other.quantity,
  paid: one.paid && other.paid && add(one.paid, other.paid),
  settlement: one.settlement && other.settlement && add(one.settlement, other.settlement),
});

/** Combines two reports of one line: the larger quantity and price count, so that the order of the events does not matter. */
const keepLarger = (line: Line, { quantity, paid, settlement }: Known): Line => ({
  ...line,
  quantity: Math.max(line.quantity, quantity),
  paid: larger(line.paid, paid),
  settlement: larger(line.settlement, settlement),
});

export function larger(one: Money | undefined, other: Money | undefined): Money | undefined {
  if (!one || !other) return one ?? other;
  return one.currency === other.currency && !atLeast([one], other) ? other : one;
}

const isReal = ({ sku }: Known) => sku !== '';
const PLACEHOLDER: NewLine = { sku: '', product: null, quantity: 1, reason: 'unknown_product' };

/**
 * The order's lines with those of an event, not yet judged. A SKU that the order knows adds no line, also if it has
 * become a bundle since. An order without any line gets a placeholder, which gives way to real lines.
 */
export function joinLines(order: Order, event: readonly NewLine[]): readonly Line[] {
  const hasReal = event.some(isReal);
  const known = hasReal && !order.lines.some(isReal) ? [] : order.lines;
  const found = hasReal || known.length > 0 ? event : [event[0] ?? PLACEHOLDER];
  const joined = known.map((line) => found.filter((one) => isSameLine(line, one)).reduce(keepLarger, line));
  const isKnown = (one: NewLine) => known.some((line) => hasSku(line, one.sku) || isSameLine(line, one));
  // A placeholder is added beside real lines of its event, or if the order has no line.
  const fresh = found.filter((one) => !isKnown(one) && (isReal(one) || hasReal || known.length === 0));
  const all = [...joined, ...asPending(order, fresh)];
  // The whole payment went to another account, whichever line of the event has the reason.
  const isForeign = [...order.lines, ...event].some((one) => 'reason' in one && one.reason === 'wrong_payee');
  return isForeign ? all.map(toForeign) : all;
}

const toForeign = (line: Line): Line =>
  line.state === 'pending' ? { ...line, reason: 'wrong_payee' } : line;

/** Returns new lines with IDs that no line and no send of the order has used. */
function asPending({ lines, sends }: Order, fresh: readonly NewLine[]): Line[] {
  const used = [
    ...lines.map(({ id }) => id),
    ...sends.flatMap(({ carries }) => carries.map(({ line }) => line)),
  ];
  const last = Math.max(0, ...used);
  return fresh.map(({ via = 'mail', ...line }, at) => ({
    ...line,
    via,
    id: last + 1 + at,
    state: 'pending',
  }));
}

/** Reopens lines that are held for the buyer's data or the price, to be judged again. */
export const reopenHeld = (lines: readonly Line[]): readonly Line[] =>
  lines.map((line) =>
    line.state === 'held' && !line.fromProvider
      ? { ...factsOf(line), state: 'pending', product: line.product }
      : line,
  );

/** Judges each pending line of a paid order. */
export function judgeLines(order: Order, judge: Judge, now: number): Order {
  if (!isPaid(order) || order.erasedAt) return order;
  const lines = order.lines.map((line) =>
    line.state === 'pending' ? judgeLine(order, line, judge, now) : line,
  );
  return { ...order, lines };
}

function judgeLine(
  order: Order,
  line: Line & { readonly state: 'pending' },
  judge: Judge,
  now: number,
): Line {
  const { product, reason } = line;
  const facts = factsOf(line);
  if (reason) return { ...facts, state: 'held', product, reason, fromProvider: true };
  const judged = judge(line, order);
  switch (judged.state) {
    case 'held':
      return { ...facts, ...judged };
    case 'to_make':
      return { ...facts, ...judged, tries: 0, until: toAt(now) };
    case 'issued':
      return { ...facts, ...judged, issued: { n: 1, ...judged.issued }, superseded: [] };
  }
}

export function factsOf(line: LineFacts): LineFacts {
  const { id, sku, otherSkus, quantity, paid, settlement, approved, via } = line;
  return { id, sku, otherSkus, quantity, paid, settlement, approved, via };
}

/**
 * Reopens each line without a serial, to be judged again as `parsed` describes it now: its SKU may have got a product, or
 * several. Lines for one product become one. They are mailed, because the answer to the provider was sent long ago.
 */
export function reopenLines(order: Order, parsed: readonly NewLine[]): readonly Line[] {
  const open = order.lines.filter(({ state }) => state === 'held' || state === 'to_make');
  const come = parsed.filter(
    (one) => isReal(one) && !order.lines.some((line) => isSameLine(line, one) || hasSku(line, one.sku)),
  );
  const gone = open.filter(
    (line) => line.state === 'held' && !parsed.some(({ sku }) => isReal(line) && sku === line.sku),
  );
  const isReplaced =
    come.length > 0 && gone.length > 0 && (come.length === gone.length || !gone.some(isReal));
  const more: NewLine[] = isReplaced ? [...come] : [];
  const kept = order.lines.flatMap((line): Line[] => {
    if (!open.includes(line)) return [line];
    if (isReplaced && gone.includes(line)) return [];
    const [first, ...others] = findParsed(line, parsed);
    more.push(...others);
    return [reopenLine(line, first)];
  });
  return joinProducts([...kept, ...asPending(order, more)]);
}

/** Returns the parsed lines of a line. A line whose product is known stays one line. */
function findParsed({ sku, product }: Line, parsed: readonly NewLine[]): readonly NewLine[] {
  const same = parsed.filter((one) => one.sku === sku);
  if (product === null) return same;
  return [same.find((one) => one.product === product) ?? same[0]].filter((one) => one !== undefined);
}

/** Data that `parsed` lacks stays as it is. */
function reopenLine(line: Line, parsed: NewLine | undefined): Line {
  const held = line.state === 'held' && line.fromProvider ? line.reason : undefined;
  const {
    paid = line.paid,
    settlement = line.settlement,
    approved,
    reason,
  } = parsed ?? { ...line, reason: held };
  return {
    ...factsOf(line),
    paid,
    settlement,
    approved: line.approved ?? approved,
    via: 'mail',
    state: 'pending',
    product: parsed?.product ?? line.product,
    reason,
  };
}

/** Joins several lines for one product: the line that has a serial stays, else the first. */
const joinProducts = (lines: readonly Line[]): readonly Line[] =>
  combine(
    lines,
    ({ product }, line) => product !== null && product === line.product,
    (known, line) => (known.state === 'pending' ? addUp(line, known) : addUp(known, line)),
  );
