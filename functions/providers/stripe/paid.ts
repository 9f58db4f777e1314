/** Every session of Checkout that was paid: https://docs.stripe.com/api/checkout/sessions/list */
import * as z from 'zod/mini';
import { part } from '../../core/inbound/body.ts';
import type { OrderEvent } from '../../core/inbound/event.ts';
import type { Context, PaidOrder } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { fetched, sold } from './sale.ts';
import { Charge, Session } from './shapes.ts';

/** A session is some 5 KB, and our asking ends at 1 MB and after 1.5 s. */
const PAGE = 50;

const Page = z.object({ data: z.array(z.unknown()), has_more: z.nullish(z.boolean()) });
const Listed = z.pick(Session, { id: true, payment_intent: true, payment_status: true, mode: true });
const Paid = z.object({ ...Listed.shape, status: z.nullish(z.string()), livemode: z.nullish(z.boolean()) });
const Intent = z.object({ latest_charge: z.nullish(z.unknown()) });
const LatestCharge = z.object({ ...Charge.shape, disputed: z.nullish(z.boolean()) });

export async function* paid(since: number, context: Context): AsyncGenerator<PaidOrder> {
  let after = '';
  for (;;) {
    const query = new URLSearchParams({
      limit: String(PAGE),
      status: 'complete',
      'created[gte]': String(Math.floor(since / 1000)),
      ...(after ? { starting_after: after } : {}),
    });
    const { data, has_more } = part(Page, await fetched(`/v1/checkout/sessions?${query}`, context));
    const sessions = data.map((one) => ({ ...part(Paid, one), one }));
    for (const { id, payment_intent, payment_status, mode, status, livemode, one } of sessions) {
      // An open session may say "no_payment_required" before its buyer has said yes.
      if (status === 'open' || payment_status === 'unpaid' || mode === 'setup') continue;
      const test = livemode === false;
      yield {
        id: payment_intent ?? id,
        test,
        events: async () => [
          ...(await goneBack(payment_intent, test, context)),
          ...(await sold(part(Session, one), test, context)),
        ],
      };
    }
    const last = sessions.at(-1)?.id;
    if (!has_more || !last || last === after) return;
    after = last;
  }
}

/** Money that has gone back already, first: whoever missed the sale has missed this too. */
async function goneBack(
  id: string | null | undefined,
  test: boolean,
  context: Context,
): Promise<OrderEvent[]> {
  if (!id) return [];
  const charge = await latestCharge(id, context);
  const found = charge ? part(LatestCharge, charge) : undefined;
  if (!found?.refunded && !found?.disputed) return [];
  const kind = found.disputed ? 'chargeback' : 'refund';
  const state = found.disputed ? 'open' : 'done';
  return [{ kind: 'reversed', id, test, reversalId: found.id, reversal: { kind, state, part: 'full' } }];
}

/** Nothing where the key may not look: then a refund is told by its own notification alone. */
async function latestCharge(id: string, context: Context): Promise<unknown> {
  try {
    const path = `/v1/payment_intents/${encodeURIComponent(id)}?expand[]=latest_charge`;
    const { latest_charge } = part(Intent, await fetched(path, context));
    return typeof latest_charge === 'object' ? latest_charge : undefined;
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return undefined;
    throw error;
  }
}
