/** Lists every completed transaction: https://developer.paddle.com/api-reference/transactions/list-transactions */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';

/** A transaction has 10 KB, and Paddle lists at most 30. */
const PAGE = 30;

const Page = z.object({
  data: z.array(z.looseObject({ id: z.string(), adjustments: z.nullish(z.array(z.unknown())) })),
  meta: z.object({ pagination: z.object({ has_more: z.boolean() }) }),
});

/** The list has the fields of the notification. Its buyer is fetched for each missing order, as for a notification. */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '',
): AsyncGenerator<PaidOrder> {
  const test = context.options.sandbox === true;
  for (let after = from; ; ) {
    const query = new URLSearchParams({
      status: 'completed',
      'billed_at[GTE]': new Date(since).toISOString(),
      order_by: 'id[ASC]',
      per_page: String(PAGE),
      include: 'adjustment',
      ...(after && { after }),
    });
    const { data, meta } = await askApi(context, Page, `/transactions?${query}`);
    const last = data.at(-1);
    for (const transaction of data) {
      const { id, adjustments } = transaction;
      const notifications = [
        ...(adjustments ?? []).map((one) => bodyOf({ event_type: 'adjustment.updated', data: one })),
        bodyOf({ event_type: 'transaction.completed', data: transaction }),
      ];
      yield {
        ...{ id, test, isReversed: (adjustments ?? []).length > 0 || undefined },
        resume: transaction === last ? id : undefined,
        events: async () => (await Promise.all(notifications.map((one) => read(one, context)))).flat(),
      };
    }
    if (!meta.pagination.has_more || !last || last.id === after) return;
    after = last.id;
  }
}
