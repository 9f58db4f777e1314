/** Lists every event: https://developer.fastspring.com/reference/get-processed-events and …/get-unprocessed-events */
import * as z from 'zod/mini';
import { askApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf } from '../../core/inbound/body.ts';
import type { ListPaid, PaidOrder } from '../../core/inbound/provider.ts';

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
] as const;

/**
 * The events are those of the notifications. Processed ones are listed too: their answer may have been lost. A list has at
 * most 25 events a page, the oldest first.
 */
export const paid: ListPaid = (since, context, from, read) => {
  // The API key is the user name and the password, with a colon between them.
  const headers = { authorization: `Basic ${Buffer.from(context.api?.key ?? '').toString('base64')}` };
  const earliest = Math.max(since, context.now - MOST_MS);
  return listPages(from ?? `0 ${earliest}`, async (at) => {
    const [pass = 0, begin = 0] = at.split(' ').map(Number);
    const { list, types } = PASSES[pass] ?? PASSES[0];
    const { events, more } = await askApi(context, Page, `/events/${list}?begin=${begin}`, { headers });
    const last = events.at(-1)?.created ?? begin;
    const orders: PaidOrder[] = [];
    for (const event of events.filter(({ type }) => types.test(type)))
      for (const one of await read(bodyOf({ events: [event] })))
        orders.push({
          ...{ id: one.id, test: one.test, isReversed: one.kind === 'reversed' || undefined },
          events: async () => [one],
        });
    const isLast = pass === PASSES.length - 1;
    if (more && last !== begin) return { orders, next: `${pass} ${last}` };
    return { orders, next: isLast ? undefined : `${pass + 1} ${earliest}` };
  });
};
