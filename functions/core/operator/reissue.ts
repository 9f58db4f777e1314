/** Replaces serials that were made for a wrong name. The replaced serials are kept. */
import type { Buyer, HeldReason } from '../inbound/event.ts';
import type { NewSerial } from '../order/lines.ts';
import { type Actor, type Result, reissue } from '../order/manual.ts';
import type { Line, Order } from '../order/types.ts';
import { findProduct, licenseeFor, type Makers, makeFor, nameFieldOf } from '../serial/lines.ts';

/** Returns the order with new serials for the chosen lines that have one for another name, or the reason why a line cannot. */
export function reissueLines(
  { catalogue, keys, answers }: Makers,
  order: Order,
  { name, isChosen }: { readonly name: string; readonly isChosen: (line: Line) => boolean },
  by: Actor,
  now: number,
): Result | { readonly sku: string; readonly why: HeldReason } {
  const { buyer } = order;
  const serials = new Map<number, NewSerial>();
  let corrections: Buyer = {};
  let missing: string | undefined;
  for (const line of order.lines.filter((one) => one.state === 'issued' && isChosen(one))) {
    const { sku, product: id } = line;
    const product = findProduct(catalogue, id);
    if (!product || id === null) return { sku, why: 'unknown_product' };
    const field = nameFieldOf(product, buyer);
    const found = licenseeFor(product, { [field]: name });
    if ('held' in found) return { sku, why: found.held };
    const { licensee } = found;
    const issue = line.state === 'issued' ? line.issued.n + 1 : 1;
    const serial = makeFor(catalogue, keys, { order, line, id, licensee, issue }, answers);
    // The other lines are looked at too: a caller may only want to know which programs are needed.
    if (!serial) missing ??= sku;
    if (!serial) continue;
    if (typeof serial === 'string') return { sku, why: serial };
    if (line.state !== 'issued' || line.issued.licensee === serial.licensee) continue;
    serials.set(line.id, serial);
    corrections = { ...corrections, [field]: name };
  }
  if (missing !== undefined) return { sku: missing, why: 'generator' };
  return serials.size > 0 ? reissue(order, serials, corrections, by, now) : 'unchanged';
}
