/** Lists every order, the newest first: https://docs.lemonsqueezy.com/api/orders/list-all-orders */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';
import { timestamp } from '../../core/inbound/shapes.ts';

const PAGE = 50;
const PAID = /^(paid|refunded|partial_refund)$/;

const Attributes = z.looseObject({ status: z.string(), test_mode: z.boolean(), created_at: timestamp });
const Page = z.object({
  data: z.array(z.looseObject({ id: z.string(), attributes: Attributes })),
  meta: z.object({ page: z.object({ lastPage: z.int() }) }),
});

/**
 * The list has the fields of the notification, but not the checkout's custom data: if the catalogue names a field of it for
 * the licence name, the lines are held, because another name would make a wrong serial.
 */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '1',
): AsyncGenerator<PaidOrder> {
  const mayLackName = context.licenseeField !== 'licensee';
  for (let page = Number(from); ; page += 1) {
    const path = `/v1/orders?page[number]=${page}&page[size]=${PAGE}&sort=-createdAt`;
    const headers = { accept: 'application/vnd.api+json' };
    const { data, meta } = await askApi(context, Page, path, { headers });
    const recent = data.filter(({ attributes }) => Date.parse(attributes.created_at) >= since);
    const orders = recent.filter(({ attributes }) => PAID.test(attributes.status));
    for (const order of orders) {
      const { id, attributes } = order;
      const body = bodyOf({ meta: { event_name: 'order_created', custom_data: {} }, data: order });
      yield {
        ...{ id, test: attributes.test_mode, isReversed: attributes.status !== 'paid' || undefined },
        resume: order === orders.at(-1) ? String(page + 1) : undefined,
        events: async () =>
          (await read(body, context)).map((event) => (mayLackName ? withoutName(event) : event)),
      };
    }
    if (recent.length < data.length || page >= meta.page.lastPage) return;
  }
}

const withoutName = (event: OrderEvent): OrderEvent =>
  'lines' in event
    ? { ...event, lines: event.lines.map((line) => ({ ...line, held: line.held ?? ('no_name' as const) })) }
    : event;
