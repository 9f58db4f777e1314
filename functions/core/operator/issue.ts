/** The serials that a person makes: without a payment, or in place of others, for a corrected name or another person. */
import { findProduct } from '../catalogue/catalogue.ts';
import type { Buyer, HeldReason } from '../inbound/event.ts';
import { toEmailKey } from '../mail/address.ts';
import type { NewSerial } from '../order/lines.ts';
import { type Actor, type Result, reissue, transfer, withAudit } from '../order/manual.ts';
import { emptyOrder } from '../order/settle.ts';
import { applySale } from '../order/transitions.ts';
import { keyOf, type Line, type Order } from '../order/types.ts';
import { judgeWith, licenseeFor, makeFor, nameFieldOf, type SerialInputs } from '../serial/lines.ts';
import type { Refused } from './refusal.ts';

/** The provider's name of orders that a person issued. */
export const MANUAL = 'hand';

export interface Gift {
  readonly id: string;
  /** `hand` unless it is another kind of order without a payment. */
  readonly provider?: string | undefined;
  /** The products' IDs in the catalogue. */
  readonly products: readonly string[];
  readonly name: string;
  readonly email: string;
  readonly company?: string | undefined;
  readonly locale?: string | undefined;
  readonly quantity: number;
}

/** A gift, a copy for the press, a promotion: returns the order to record, or the reason why it cannot be issued. */
export function issueManually(
  inputs: SerialInputs,
  { id, provider = MANUAL, products, name, email, company, locale, quantity }: Gift,
  by: Actor,
  now: number,
): Order | HeldReason {
  const found = products.map((product) => findProduct(inputs.catalogue, product));
  const buyer = { name, email, company, locale };
  let named: Buyer = buyer;
  for (const one of found) {
    if (!one) return 'unknown_product';
    const field = nameFieldOf(one, buyer);
    named = { ...named, [field]: buyer[field === 'registration' ? 'name' : field] ?? name };
  }
  const lines = products.map((product) => ({ sku: product, product, quantity, approved: true }) as const);
  const empty = emptyOrder(keyOf(provider, false, id), provider, false, now);
  const event = { ...({ kind: 'paid', lines, aliases: [] } as const), buyer: named };
  const order = applySale(empty, event, judgeWith(inputs, provider), now) ?? empty;
  for (const line of order.lines) if (line.state === 'held') return line.reason;
  return withAudit(empty, order, 'issue', by, now);
}

/** Returns the order with new serials for the chosen lines that have one for another name, or the reason why a line cannot. The replaced serials are kept. */
export function reissueLines(
  inputs: SerialInputs,
  order: Order,
  { name, isChosen }: { readonly name: string; readonly isChosen: (line: Line) => boolean },
  by: Actor,
  now: number,
): Result | Refused {
  const made = makeSerials(inputs, order, name, order.lines.filter(isChosen));
  if ('why' in made) return made;
  const { serials, buyer } = made;
  return serials.size > 0 ? reissue(order, serials, buyer, by, now) : 'unchanged';
}

/** Returns the order with serials for the new owner in all its lines, or the reason why a line cannot have one. */
export function transferOrder(
  inputs: SerialInputs,
  order: Order,
  { name, email }: { readonly name: string; readonly email: string },
  by: Actor,
  now: number,
): Result | Refused {
  const made = makeSerials(inputs, order, name, order.lines);
  if ('why' in made) return made;
  const { serials, buyer } = made;
  const isOwner = serials.size === 0 && toEmailKey(order.buyer.email ?? '') === toEmailKey(email);
  if (isOwner) return 'unchanged';
  const { country, locale } = order.buyer;
  return transfer(order, serials, { ...buyer, name: buyer.name ?? name, email, country, locale }, by, now);
}

/** Makes the serials of issued lines for another name. `buyer` has it in the fields from which the products take it. */
function makeSerials(
  inputs: SerialInputs,
  order: Order,
  name: string,
  lines: readonly Line[],
): Refused | { readonly serials: ReadonlyMap<number, NewSerial>; readonly buyer: Buyer } {
  const serials = new Map<number, NewSerial>();
  let buyer: Buyer = {};
  let missing: string | undefined;
  for (const line of lines) {
    if (line.state !== 'issued') continue;
    const { sku, product: id } = line;
    const product = findProduct(inputs.catalogue, id);
    if (!product) return { sku, why: 'unknown_product' };
    const field = nameFieldOf(product, order.buyer);
    const found = licenseeFor(product, { [field]: name });
    if ('held' in found) return { sku, why: found.held };
    const { licensee } = found;
    const issue = line.issued.n + 1;
    const serial = makeFor(inputs, { order, line, id, licensee, issue });
    // The other lines are looked at too: a caller may only want to know which programs are needed.
    if (!serial) missing ??= sku;
    if (!serial) continue;
    if (typeof serial === 'string') return { sku, why: serial };
    if (line.issued.licensee === serial.licensee) continue;
    serials.set(line.id, serial);
    buyer = { ...buyer, [field]: name };
  }
  return missing === undefined ? { serials, buyer } : { sku: missing, why: 'generator' };
}
