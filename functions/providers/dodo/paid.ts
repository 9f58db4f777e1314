/** Lists the payments: https://docs.dodopayments.com/api-reference/payments/get-payments. The list lacks products, so each missing payment is fetched. */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf, part } from '../../core/inbound/body.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';
import { list, pathId, SandboxOptions, text } from '../../core/inbound/shapes.ts';

const PAGE = 50;
const statuses = list(z.looseObject({ status: text, dispute_status: text }));
const Whole = z.looseObject({ refunds: statuses, disputes: statuses });
const Item = z.object({
  ...{ payment_id: pathId, subscription_id: z.nullish(pathId), refund_status: text, dispute_status: text },
});
const Page = z.object({ items: z.array(Item) });

export const paid: ListPaid = (since, context, from = '0', read) => {
  const { sandbox: test } = part(SandboxOptions, context.options);
  const after = new URLSearchParams({ status: 'succeeded', created_at_gte: new Date(since).toISOString() });
  return listPages(from, async (page) => {
    const path = `/payments?${after}&page_size=${PAGE}&page_number=${page}`;
    const { items } = await askApi(context, Page, path);
    const orders = items.map(({ payment_id: id, subscription_id, refund_status, dispute_status }) => ({
      ...{ id, test },
      isReversed: refund_status ? true : dispute_status ? !/won|cancelled/.test(dispute_status) : undefined,
      async events() {
        const payment = await askApi(context, Whole, `/payments/${id}`);
        const path = `/subscriptions/${subscription_id}`;
        const started = subscription_id ? [await askApi(context, z.looseObject({}), path)] : [];
        const bodies = [
          ...payment.refunds.map((data) => ({ type: `refund.${data.status}`, data })),
          ...payment.disputes.map((dispute) => ({
            type: dispute.dispute_status?.replace('_', '.'),
            data: { ...dispute, payment_id: id },
          })),
          ...started.map((data) => ({ type: 'subscription.active', data })),
          { type: 'payment.succeeded', data: payment },
        ];
        return read(...bodies.map((body) => bodyOf(body)));
      },
    }));
    return { orders, next: items.length < PAGE ? undefined : `${Number(page) + 1}` };
  });
};
