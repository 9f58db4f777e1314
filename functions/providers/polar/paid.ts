/** Lists every order, the newest first: https://polar.sh/docs/api-reference/orders/list */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';
import { timestamp } from '../../core/inbound/shapes.ts';

/** An order has 5 KB. */
const PAGE = 50;
const PAID = /^(paid|refunded|partially_refunded)$/;

const Listed = z.looseObject({ id: z.string(), status: z.string(), created_at: timestamp });
const Page = z.object({ items: z.array(Listed), pagination: z.object({ max_page: z.int() }) });

/** The list has the fields of the notification. */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '1',
): AsyncGenerator<PaidOrder> {
  const test = context.options.sandbox === true;
  // An order that arrives meanwhile moves the others to later pages: one is listed twice, and none is skipped.
  for (let page = Number(from); ; page += 1) {
    const path = `/v1/orders/?sorting=-created_at&limit=${PAGE}&page=${page}`;
    const { items, pagination } = await askApi(context, Page, path);
    const recent = items.filter(({ created_at }) => Date.parse(created_at) >= since);
    const orders = recent.filter(({ status }) => PAID.test(status));
    for (const order of orders) {
      const isReversed = order.status !== 'paid';
      const types = isReversed ? ['order.refunded', 'order.paid'] : ['order.paid'];
      yield {
        ...{ id: order.id, test, isReversed: isReversed || undefined },
        resume: order === orders.at(-1) ? String(page + 1) : undefined,
        events: async () =>
          (await Promise.all(types.map((type) => read(bodyOf({ type, data: order }), context)))).flat(),
      };
    }
    if (recent.length < items.length || page >= pagination.max_page) return;
  }
}
