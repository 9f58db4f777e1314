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

const REVERSALS = /^(return|chargeback)\.created$/;
const SALES = /^order\.completed$/;
/** Reversals come first, so that no serial is mailed for money that has gone back. */
const PASSES = [
  { list: 'unprocessed', types: REVERSALS },
  { list: 'processed', types: REVERSALS },
  { list: 'unprocessed', types: SALES },
  { list: 'processed', types: SALES },
];

/**
 * The events are those of the notifications. Processed ones are listed too: their answer may have been lost. A list has at
 * most 25 events a page, the oldest first.
 */
export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '0',
): AsyncGenerator<PaidOrder> {
  // The API key is the user name and the password, with a colon between them.
  const headers = { authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}` };
  const earliest = Math.max(since, context.now - MOST_MS);
  const [first = 0, resumeAt = earliest] = from.split(' ').map(Number);
  for (const [pass, { list, types }] of PASSES.entries()) {
    if (pass < first) continue;
    for (let begin = pass === first ? resumeAt : earliest; ; ) {
      const { events, more } = await askApi(context, Page, `/events/${list}?begin=${begin}`, { headers });
      const last = events.at(-1)?.created ?? begin;
      const found = events.filter(({ type }) => types.test(type));
      for (const event of found)
        for (const one of await read(bodyOf({ events: [event] }), context))
          yield {
            id: one.id,
            test: one.test,
            isReversed: one.kind === 'reversed' || undefined,
            resume: event === found.at(-1) ? `${pass} ${last}` : undefined,
            events: async () => [one],
          };
      if (!more || last === begin) break;
      begin = last;
    }
  }
}
