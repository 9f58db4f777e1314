/** Lists every paid Checkout session, then every refund and dispute: https://docs.stripe.com/api/checkout/sessions/list, …/refunds/list, …/disputes/list */
import * as z from 'zod/mini';
import { askApi, findInApi } from '../../core/inbound/ask-api.ts';
import { bodyOf, part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, PaidOrder, Provider } from '../../core/inbound/provider.ts';
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
const LISTS = {
  'checkout/sessions': 'status=complete&',
  refunds: '',
  disputes: '',
};
const TYPES = { refunds: 'refund.updated', disputes: 'charge.dispute.updated' };

export async function* paid(
  { read }: Pick<Provider, 'read'>,
  since: number,
  context: Context,
  from = '',
): AsyncGenerator<PaidOrder> {
  const [resumeList, resumeAfter = ''] = from.split(' ');
  let isBehind = from !== '';
  for (const [list, filter] of Object.entries(LISTS)) {
    if (isBehind && list !== resumeList) continue;
    let after = isBehind ? resumeAfter : '';
    isBehind = false;
    for (;;) {
      const query = new URLSearchParams({
        limit: String(PAGE),
        'created[gte]': String(Math.floor(since / 1000)),
        ...(after && { starting_after: after }),
      });
      const { data, has_more } = await askApi(context, Page, `/v1/${list}?${filter}${query}`);
      const last = data.length > 0 ? part(Identified, data.at(-1)).id : undefined;
      const found = data.flatMap((one) =>
        list === 'refunds' || list === 'disputes'
          ? reversalOf(one, TYPES[list], { read }, context)
          : saleOf(one, { read }, context),
      );
      for (const order of found)
        yield order === found.at(-1) ? { ...order, resume: `${list} ${last}` } : order;
      if (!has_more || !last || last === after) break;
      after = last;
    }
  }
}

function saleOf(one: unknown, provider: Pick<Provider, 'read'>, context: Context): PaidOrder[] {
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
    ...(await findReversals(payment_intent, test, provider, context)),
    ...(await parseSale(part(Session, one), test, context)),
  ];
  return [{ id: payment_intent ?? id, test, events }];
}

function reversalOf(
  one: unknown,
  type: string,
  { read }: Pick<Provider, 'read'>,
  context: Context,
): PaidOrder[] {
  const { payment_intent: id, status } = part(Reversal, one);
  // Refunds and disputes do not state their mode; a key belongs to one.
  const test = /^[sr]k_test_/.test(context.api?.key ?? '');
  const events = async () => read(eventBody(type, one, test), context);
  const isReversed = !/^(won|warning_closed|failed|canceled)$/.test(status ?? '');
  return id ? [{ id, test, isReversed, events }] : [];
}

const eventBody = (type: string, object: unknown, test: boolean) =>
  bodyOf({ object: 'event', type, livemode: !test, data: { object } });

/** A sale that was missed may have been reversed since; the reversal was missed too, so it is recorded first. */
async function findReversals(
  id: string | null | undefined,
  test: boolean,
  { read }: Pick<Provider, 'read'>,
  context: Context,
): Promise<OrderEvent[]> {
  if (!id) return [];
  // A key without permission for payment intents finds none; refunds are then recorded by the list of refunds.
  const path = `/v1/payment_intents/${encodeURIComponent(id)}?expand[]=latest_charge`;
  const charge = (await findInApi(context, Intent, path))?.latest_charge;
  const found = charge && typeof charge === 'object' ? part(LatestCharge, charge) : undefined;
  const refunds = found?.refunded ? await read(eventBody('charge.refunded', charge, test), context) : [];
  if (!found?.disputed) return [...refunds];
  // The charge of a dispute that was won is still called disputed.
  const disputes = (await findInApi(context, Page, `/v1/disputes?payment_intent=${encodeURIComponent(id)}`))
    ?.data;
  const unknown: OrderEvent = {
    ...{ kind: 'reversed', id, test, reversalId: found.id },
    reversal: { kind: 'chargeback', state: 'open', part: 'full' },
  };
  const stated = await Promise.all(
    (disputes ?? []).map((one) => read(eventBody('charge.dispute.updated', one, test), context)),
  );
  return [...refunds, ...(stated.length > 0 ? stated.flat() : [unknown])];
}
