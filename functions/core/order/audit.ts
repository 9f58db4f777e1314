/** What a person has done to an order by hand, as the order keeps it. */
import { type Act, type Order, withAct } from './order.ts';

/** Who does what by hand, and why. */
export type Hand = Pick<Act, 'who' | 'what' | 'why'>;

type Facts = Readonly<Record<string, string | null>>;

/** The act, with what it has changed and nothing else. */
export function actOf(hand: Hand, before: Facts, after: Facts, now: number): Act {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => (before[name] ?? null) !== (after[name] ?? null),
  );
  const changed = (facts: Facts) => Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
  return { at: new Date(now).toISOString(), ...hand, before: changed(before), after: changed(after) };
}

/** Puts the act to what is about to be written; `before` goes before what was stored. */
export const noted =
  (hand: Hand, before: Facts, now: () => number) =>
  (order: Order, found: Order | undefined): Order =>
    withAct(order, actOf(hand, { ...(found && factsOf(found)), ...before }, factsOf(order), now()));

/** What of an order a person can change. */
export function factsOf({ buyer, lines, status }: Order): Facts {
  const all = (values: readonly (string | null)[]) =>
    values.filter((value) => value !== null && value !== '').join(', ') || null;
  return {
    name: buyer.name ?? null,
    email: buyer.email ?? null,
    company: buyer.company ?? null,
    registration: buyer.registration ?? null,
    products: all(lines.map(({ product, sku }) => product ?? sku)),
    licensee: all(lines.map(({ licensee }) => licensee)),
    serial: all(lines.map(({ serial }) => serial)),
    held: all(lines.map(({ held }) => held)),
    status,
  };
}
