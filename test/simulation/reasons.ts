/** Why a person may have to look at a line: worked out from what was bought. */
import type { HeldReason, SoldLine } from '../../functions/core/inbound/event.ts';
import { NAMES, type Plot } from './plot.ts';

/** Every reason for which a line may be held; none where it goes out by itself. */
export function reasonsFor(plot: Plot, { sku, paid }: SoldLine): HeldReason[] {
  const { buyer, test, licensee, refused, facts } = plot;
  const name = licensee === undefined ? NAMES.find(([received]) => received === buyer.name)?.[2] : undefined;
  return [
    ...(sku === 'nobody-knows' ? ['unknown_product' as const] : []),
    // Until its key came.
    ...(sku === 'k' && !test ? ['product_key' as const] : []),
    ...(name ? [name] : []),
    // A person was there before it was told who had bought.
    ...(facts.some(({ event }) => event.kind === 'announced') ? ['no_name' as const] : []),
    ...(buyer.email?.startsWith('nobody') ? ['bad_address' as const] : []),
    ...(sku === 'g' && paid?.value === '5.00' ? ['below_floor' as const] : []),
    ...(refused ? ['mail_refused' as const] : []),
    ...(/^(bounce|suppressed)/.test(buyer.email ?? '') && !test ? ['bounced' as const] : []),
  ];
}
