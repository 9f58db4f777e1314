/** Lists every order: https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';

/** An order has 10 KB, and the shop's server may be slow. */
const PAGE = 20;

const Listed = z.looseObject({
  id: z.number(),
  date_paid_gmt: z.nullish(z.string()),
  refunds: z._default(z.array(z.unknown()), []),
});

/** The list has the fields of the notification, which repeats all refunds. */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '1',
): AsyncGenerator<PaidOrder> {
  const test = context.options.sandbox === true;
  // The API key is the consumer key and the consumer secret, with a colon between them.
  const headers = { authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}` };
  for (let page = Number(from); ; page += 1) {
    const query = new URLSearchParams({
      modified_after: new Date(since).toISOString(),
      ...{ dates_are_gmt: 'true', orderby: 'id', order: 'asc', per_page: String(PAGE), page: String(page) },
    });
    const all = await askApi(context, z.array(Listed), `/wp-json/wc/v3/orders?${query}`, { headers });
    const orders = all.filter(({ date_paid_gmt }) => date_paid_gmt);
    for (const order of orders)
      yield {
        ...{ id: String(order.id), test, isReversed: order.refunds.length > 0 || undefined },
        resume: order === orders.at(-1) ? String(page + 1) : undefined,
        events: async () => {
          const events = await read(bodyOf(order, { 'x-wc-webhook-topic': 'order.updated' }), context);
          return [...events].sort((one, other) => rank(one.kind) - rank(other.kind));
        },
      };
    if (all.length < PAGE) return;
  }
}

/** Reversals come first, so that no serial is mailed for money that has gone back. */
const rank = (kind: string) => (kind === 'reversed' ? 0 : 1);
