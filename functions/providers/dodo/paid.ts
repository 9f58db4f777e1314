/** Lists the payments: https://docs.dodopayments.com/api-reference/payments/get-payments. The list lacks products, so each missing payment is fetched. */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf, part } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';
import { pathId, SandboxOptions, text } from '../../core/inbound/shapes.ts';

const PAGE = 50;
const statuses = z.catch(z.array(z.looseObject({ status: text, dispute_status: text })), []);
const Whole = z.looseObject({ refunds: statuses, disputes: statuses });
const Item = z.object({
  ...{ payment_id: pathId, subscription_id: z.nullish(pathId), refund_status: text, dispute_status: text },
});
const Page = z.object({ items: z.array(Item) });

export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '0',
): AsyncGenerator<PaidOrder> {
  const { sandbox: test } = part(SandboxOptions, context.options);
  const after = new URLSearchParams({ status: 'succeeded', created_at_gte: new Date(since).toISOString() });
  for (let page = Number(from); ; page += 1) {
    const path = `/payments?${after}&page_size=${PAGE}&page_number=${page}`;
    const { items } = await askApi(context, Page, path);
    for (const item of items) {
      const { payment_id: id, subscription_id: subscription, refund_status, dispute_status } = item;
      const isLast = item === items.at(-1) && items.length === PAGE;
      const isDisputed = dispute_status ? !/won|cancelled/.test(dispute_status) : undefined;
      const events = async () => {
        const payment = await askApi(context, Whole, `/payments/${id}`);
        const path = `/subscriptions/${subscription}`;
        const started = subscription ? [await askApi(context, z.looseObject({}), path)] : [];
        const bodies = [
          ...payment.refunds.map((data) => ({ type: `refund.${data.status}`, data })),
          ...payment.disputes.map((dispute) => ({
            type: dispute.dispute_status?.replace('_', '.'),
            data: { ...dispute, payment_id: id },
          })),
          ...started.map((data) => ({ type: 'subscription.active', data })),
          { type: 'payment.succeeded', data: payment },
        ];
        return (await Promise.all(bodies.map((body) => read(bodyOf(body), context)))).flat();
      };
      const isReversed = refund_status ? true : isDisputed;
      yield { id, test, isReversed, resume: isLast ? String(page + 1) : undefined, events };
    }
    if (items.length < PAGE) return;
  }
}
