/** Lists every paid Checkout session, then every refund and dispute: https://docs.stripe.com/api/checkout/sessions/list, …/refunds/list, …/disputes/list */
import * as z from 'zod/mini';
import { askApi, findInApi, listPages } from '../../core/inbound/ask-api.ts';
import { bodyOf, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, ListPaid, PaidOrder } from '../../core/inbound/provider.ts';
import { parseSale } from './sale.ts';
import { Charge, Session } from './shapes.ts';

/** A session has about 5 KB, and a call to an API ends at 1 MB. */
const PAGE = 50;

const Page = z.object({ data: z.array(z.unknown()), has_more: z.nullish(z.boolean()) });
const Listed = z.pick(Session, { id: true, payment_intent: true, payment_status: true, mode: true });
const Paid = z.object({ ...Listed.shape, status: z.nullish(z.string()), livemode: z.nullish(z.boolean()) });
const Identified = z.object({ id: z.string() });
const Reversal = z.object({ payment_intent: z.nullish(z.string()), status: z.nullish(z.string()) });
const Intent = z.object({ latest_charge: z.nullish(z.unknown()) });
const LatestCharge = z.object({ ...Charge.shape, disputed: z.nullish(z.boolean()) });

/** The reversals of orders that were not missing are found by the two other lists. */
const LISTS = [
  { list: 'checkout/sessions', filter: 'status=complete&', type: undefined },
  { list: 'refunds', filter: '', type: 'refund.updated' },
  { list: 'disputes', filter: '', type: 'charge.dispute.updated' },
] as const;
type Read = Parameters<ListPaid>[3];

export const paid: ListPaid = (since, context, from = LISTS[0].list, read) =>
  listPages(from, async (at) => {
    const [name, after = ''] = at.split(' ');
    const number = LISTS.findIndex((one) => one.list === name);
    const { list, filter, type } = LISTS[number] ?? LISTS[0];
    const query = new URLSearchParams({
      limit: String(PAGE),
      'created[gte]': String(Math.floor(since / 1000)),
      ...(after && { starting_after: after }),
    });
    const { data, has_more } = await askApi(context, Page, `/v1/${list}?${filter}${query}`);
    const orders = data.flatMap((one) =>
      type ? reversalOf(one, type, read, context) : saleOf(one, read, context),
    );
    if (has_more && data.length > 0) return { orders, next: `${list} ${part(Identified, data.at(-1)).id}` };
    return { orders, next: LISTS[number + 1]?.list };
  });

function saleOf(one: unknown, read: Read, context: Context): PaidOrder[] {
  const { data: session } = Paid.safeParse(one);
  // It is reported, and does not block the others.
  if (!session)
    return [
      {
        id: part(Identified, one).id,
        test: false,
        events: () => parseSale(part(Session, one), false, context),
      },
    ];
  const { id, payment_intent, payment_status, mode, status, livemode } = session;
  // An open session may have "no_payment_required" before its buyer has confirmed.
  if (status === 'open' || payment_status === 'unpaid' || mode === 'setup') return [];
  const test = livemode === false;
  const events = async () => [
    ...(await findReversals(payment_intent, test, read, context)),
    ...(await parseSale(part(Session, one), test, context)),
  ];
  return [{ id: payment_intent ?? id, test, events }];
}

function reversalOf(one: unknown, type: string, read: Read, context: Context): PaidOrder[] {
  const { payment_intent: id, status } = part(Reversal, one);
  // Refunds and disputes do not state their mode; a key belongs to one.
  const test = /^[sr]k_test_/.test(context.api?.key ?? '');
  const events = () => read(eventBody(type, one, test));
  const isReversed = !/^(won|warning_closed|failed|canceled)$/.test(status ?? '');
  return id ? [{ id, test, isReversed, events }] : [];
}

const eventBody = (type: string, object: unknown, test: boolean) =>
  bodyOf({ object: 'event', type, livemode: !test, data: { object } });

/** A sale that was missed may have been reversed since; the reversal was missed too, so it is recorded first. */
async function findReversals(
  id: string | null | undefined,
  test: boolean,
  read: Read,
  context: Context,
): Promise<OrderEvent[]> {
  if (!id) return [];
  // A key without permission for payment intents finds none; refunds are then recorded by the list of refunds.
  const path = `/v1/payment_intents/${encodeURIComponent(id)}?expand[]=latest_charge`;
  const charge = (await findInApi(context, Intent, path))?.latest_charge;
  const found = charge && typeof charge === 'object' ? part(LatestCharge, charge) : undefined;
  const refunds = found?.refunded ? await read(eventBody('charge.refunded', charge, test)) : [];
  if (!found?.disputed) return [...refunds];
  // The charge of a dispute that was won is still called disputed.
  const disputes = (await findInApi(context, Page, `/v1/disputes?payment_intent=${encodeURIComponent(id)}`))
    ?.data;
  const unknown: OrderEvent = {
    ...{ kind: 'reversed', id, test, reversalId: found.id },
    reversal: { kind: 'chargeback', state: 'open', part: 'full' },
  };
  const stated = (disputes ?? []).map((one) => eventBody('charge.dispute.updated', one, test));
  return [...refunds, ...(stated.length > 0 ? await read(...stated) : [unknown])];
}
