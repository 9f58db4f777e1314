/** Lists every payment by Checkout: https://developer.paypal.com/docs/api/transaction-search/v1/#search_get */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import { type OrderEvent, reversed } from '../../core/inbound/event.ts';
import type { Context, ListPaid } from '../../core/inbound/provider.ts';
import { pathId } from '../../core/inbound/shapes.ts';
import { findToken } from './confirm.ts';

const PAGE = 100;
/** PayPal refuses a longer period. */
const MOST_MS = 31 * 24 * 3_600_000;
/** The code of a payment by Checkout. Its status is V if all of it was refunded, and P if it is pending. */
const CHECKOUT = 'T0006';

const Listed = z.object({
  transaction_info: z.object({ transaction_id: pathId, transaction_status: z.nullish(z.string()) }),
});
const Page = z.object({ transaction_details: z.array(Listed), total_pages: z.int() });
const Capture = z.looseObject({ id: pathId, status: z.string() });

/**
 * The list has an order's capture and neither its ID, its buyer nor its SKUs: for each missing order the capture is fetched,
 * and then the order, as for a notification. A transaction appears in the list within three hours.
 */
export const paid: ListPaid = (since, context, from = `${since} 1`, read) => {
  const { now } = context;
  return listPages(from, async (at) => {
    const [start = since, page = 1] = at.split(' ').map(Number);
    const end = Math.min(start + MOST_MS, now);
    const query = new URLSearchParams({
      start_date: new Date(start).toISOString(),
      end_date: new Date(end).toISOString(),
      ...{ transaction_type: CHECKOUT, fields: 'transaction_info' },
      ...{ page_size: String(PAGE), page: String(page) },
    });
    const list = await askApi(context, Page, `/v1/reporting/transactions?${query}`, {
      headers: { ...(await findToken(context)) },
    });
    const test = context.api?.url.includes('sandbox.paypal.com') === true;
    const orders = list.transaction_details.flatMap(({ transaction_info: one }) => {
      const { transaction_id: id, transaction_status: status } = one;
      const events = () => eventsOf(id, read, context);
      return status === 'P' ? [] : { id, test, isReversed: status === 'V' || undefined, events };
    });
    if (page < list.total_pages) return { orders, next: `${start} ${page + 1}` };
    return { orders, next: end < now ? `${end} 1` : undefined };
  });
};

async function eventsOf(id: string, read: Parameters<ListPaid>[3], context: Context): Promise<OrderEvent[]> {
  const headers = await findToken(context);
  const capture = await askApi(context, Capture, `/v2/payments/captures/${id}`, { headers: { ...headers } });
  const host = context.api?.url.includes('sandbox.paypal.com') ? 'https://api.sandbox.paypal.com' : '';
  const body = { event_type: 'PAYMENT.CAPTURE.COMPLETED', resource: capture, links: [{ href: host }] };
  const sale = await read(bodyOf(body));
  const part = /^(PARTIALLY_)?REFUNDED$/.exec(capture.status);
  // All refunds of a capture are one reversal here: the capture does not name them.
  const reversal = { kind: 'refund', state: 'done', part: part?.[1] ? 'partial' : 'full' } as const;
  const refunds = sale.map(({ id: order, test }) =>
    reversed({ id: order, aliases: [id], test }, id, reversal),
  );
  return [...(part ? refunds : []), ...sale];
}
