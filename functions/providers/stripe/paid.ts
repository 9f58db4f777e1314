/** Lists every paid Checkout session: https://docs.stripe.com/api/checkout/sessions/list */
import * as z from 'zod/mini';
import { askApi, findInApi } from '../../core/inbound/ask-api.ts';
import { part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, PaidOrder } from '../../core/inbound/provider.ts';
import { maybe, text } from '../../core/inbound/shapes.ts';
import { parseSale } from './sale.ts';
import { Charge, Session } from './shapes.ts';

/** A session has about 5 KB, and a call to an API ends at 1 MB and after 1.5 s. */
const PAGE = 50;

const Page = z.object({ data: z.array(z.unknown()), has_more: maybe(z.boolean()) });
const Listed = z.pick(Session, { id: true, payment_intent: true, payment_status: true, mode: true });
const Paid = z.object({ ...Listed.shape, status: text, livemode: maybe(z.boolean()) });
const LatestCharge = z.object({ ...Charge.shape, disputed: maybe(z.boolean()) });
const Intent = z.object({ latest_charge: maybe(LatestCharge) });

export async function* paid(since: number, context: Context): AsyncGenerator<PaidOrder> {
  let after = '';
  for (;;) {
    const query = new URLSearchParams({
      limit: String(PAGE),
      status: 'complete',
      'created[gte]': String(Math.floor(since / 1000)),
      ...(after ? { starting_after: after } : {}),
    });
    const { data, has_more } = await askApi(context, Page, `/v1/checkout/sessions?${query}`);
    const sessions = data.map((one) => ({ ...part(Paid, one), one }));
    for (const { id, payment_intent, payment_status, mode, status, livemode, one } of sessions) {
      // An open session may have "no_payment_required" before its buyer has confirmed.
      if (status === 'open' || payment_status === 'unpaid' || mode === 'setup') continue;
      const test = livemode === false;
      yield {
        id: payment_intent ?? id,
        test,
        events: async () => [
          ...(await findReversal(payment_intent, test, context)),
          ...(await parseSale(part(Session, one), test, context)),
        ],
      };
    }
    const last = sessions.at(-1)?.id;
    if (!has_more || !last || last === after) return;
    after = last;
  }
}

/** A sale that was missed may have been reversed since; the reversal was missed too, so it is recorded first. */
async function findReversal(id: string | undefined, test: boolean, context: Context): Promise<OrderEvent[]> {
  if (!id) return [];
  // A key without permission for payment intents finds none; refunds are then recorded by their notifications only.
  const path = `/v1/payment_intents/${encodeURIComponent(id)}?expand[]=latest_charge`;
  const found = (await findInApi(context, Intent, path))?.latest_charge;
  if (!found?.refunded && !found?.disputed) return [];
  const kind = found.disputed ? 'chargeback' : 'refund';
  const state = found.disputed ? 'open' : 'done';
  return [{ kind: 'reversed', id, test, reversalId: found.id, reversal: { kind, state, part: 'full' } }];
}
