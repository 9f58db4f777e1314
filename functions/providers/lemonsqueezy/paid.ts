/** Lists every order, the newest first: https://docs.lemonsqueezy.com/api/orders/list-all-orders */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { ListPaid } from '../../core/inbound/provider.ts';
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
export const paid: ListPaid = (since, context, from = '1', read) => {
  const mayLackName = context.licenseeField !== 'licensee';
  return listPages(from, async (page) => {
    const path = `/v1/orders?page[number]=${page}&page[size]=${PAGE}&sort=-createdAt`;
    const headers = { accept: 'application/vnd.api+json' };
    const { data, meta } = await askApi(context, Page, path, { headers });
    const recent = data.filter(({ attributes }) => Date.parse(attributes.created_at) >= since);
    const orders = recent.flatMap((order) => {
      const { id, attributes } = order;
      const body = bodyOf({ meta: { event_name: 'order_created', custom_data: {} }, data: order });
      const events = async () => (mayLackName ? (await read(body)).map(withoutName) : read(body));
      const isReversed = attributes.status !== 'paid' || undefined;
      return PAID.test(attributes.status) ? { id, test: attributes.test_mode, isReversed, events } : [];
    });
    const isLast = recent.length < data.length || Number(page) >= meta.page.lastPage;
    return { orders, next: isLast ? undefined : `${Number(page) + 1}` };
  });
};

const withoutName = (event: OrderEvent): OrderEvent =>
  'lines' in event
    ? { ...event, lines: event.lines.map((line) => ({ ...line, held: line.held ?? ('no_name' as const) })) }
    : event;
