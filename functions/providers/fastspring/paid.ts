/** Lists every event: https://developer.fastspring.com/reference/get-processed-events and …/get-unprocessed-events */
import * as z from 'zod/mini';
import { askApi } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';

/** FastSpring refuses to look further back. */
const MOST_MS = 30 * 24 * 3_600_000 - 60_000;

const Event = z.looseObject({
  id: z.string(),
  type: z.string(),
  live: z.boolean(),
  created: z.number(),
  data: z.looseObject({}),
});
const Page = z.object({ events: z._default(z.array(Event), []), more: z._default(z.boolean(), false) });

/**
 * The events are those of the notifications. Processed ones are listed too: their answer may have been lost. Both lists
 * have at most 25 events a page, the oldest first.
 */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from?: string,
): AsyncGenerator<PaidOrder> {
  // The API key is the user name and the password, with a colon between them.
  const headers = { authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}` };
  const [resumeList, resumeAt] = from?.split(' ') ?? [];
  const lists = ['unprocessed', 'processed'];
  for (const list of resumeList ? lists.slice(lists.indexOf(resumeList)) : lists) {
    const earliest = Math.max(since, context.now - MOST_MS);
    for (let begin = list === resumeList ? Number(resumeAt) : earliest; ; ) {
      const { events, more } = await askApi(context, Page, `/events/${list}?begin=${begin}`, { headers });
      const last = events.at(-1)?.created ?? begin;
      const sold = events.filter(({ type }) =>
        /^(order\.completed|return\.created|chargeback\.created)$/.test(type),
      );
      for (const event of sold)
        for (const found of await read(bodyOf({ events: [event] }), context))
          yield {
            id: found.id,
            test: found.test,
            isReversed: found.kind === 'reversed' || undefined,
            resume: event === sold.at(-1) ? `${list} ${last}` : undefined,
            events: async () => [found],
          };
      if (!more || last === begin) break;
      begin = last;
    }
  }
}
