/** Audit entries: the manual actions that an order records. */
import { type Act, type Order, withAct } from './order.ts';

/** The person who acts, the action and the reason. */
export type Actor = Pick<Act, 'who' | 'what' | 'why'>;

type Facts = Readonly<Record<string, string | null>>;

/** Returns the audit entry of an action, with only the facts that it changed. */
export function auditEntry(actor: Actor, before: Facts, after: Facts, now: number): Act {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => (before[name] ?? null) !== (after[name] ?? null),
  );
  const changed = (facts: Facts) => Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
  return { at: new Date(now).toISOString(), ...actor, before: changed(before), after: changed(after) };
}

/** Adds an audit entry to an order before it is written. `before` overrides the facts that were stored. */
export const withAudit =
  (actor: Actor, before: Facts, now: () => number) =>
  (order: Order, found: Order | undefined): Order =>
    withAct(order, auditEntry(actor, { ...(found && factsOf(found)), ...before }, factsOf(order), now()));

/** Returns the facts of an order that a person can change. */
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
