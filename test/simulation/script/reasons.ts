/** The expected held reasons of a line, derived from the script of its order. */
import type { HeldReason, SoldLine } from '../../../functions/core/inbound/event.ts';
import { NAMES, type OrderScript } from './order-script.ts';

/** Returns every reason for which a line may be held; none if it needs no person. */
export function reasonsFor(script: OrderScript, { sku, paid }: SoldLine): HeldReason[] {
  const { buyer, test, licensee, refused, facts } = script;
  const name = licensee === undefined ? NAMES.find(([received]) => received === buyer.name)?.[2] : undefined;
  return [
    ...(sku.startsWith('unlisted') ? ['unknown_product' as const] : []),
    // The product has no key until the renewal.
    ...(sku === 'k' && !test ? ['product_key' as const] : []),
    ...(name ? [name] : []),
    // The operator may act before the buyer is announced, or either notification may be lost.
    ...(facts.some(({ event }) => event.kind === 'announced')
      ? (['no_name', 'bad_address', 'price_unknown'] as const)
      : []),
    ...(buyer.email?.startsWith('no-address') ? ['bad_address' as const] : []),
    ...(sku === 'g' && paid?.currency === 'EUR' && paid.value === '5.00' ? ['below_floor' as const] : []),
    ...(sku === 'g' && paid?.currency !== 'EUR' && !test ? ['price_unknown' as const] : []),
    ...(script.acts.manyActions ? ['too_large' as const] : []),
    ...(refused ? ['mail_refused' as const] : []),
    ...(/^(bounce|suppressed)/.test(buyer.email ?? '') && !test ? ['bounced' as const] : []),
  ];
}
