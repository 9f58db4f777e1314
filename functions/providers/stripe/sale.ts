/** A session of Checkout as a sale: https://docs.stripe.com/api/checkout/sessions/object */
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import type { Money, OrderEvent, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { LineItems, money, type Session } from './shapes.ts';

/** What a session of Checkout has sold: nothing while it is unpaid. */
export async function sold(
  session: z.output<typeof Session>,
  test: boolean,
  context: Context,
): Promise<OrderEvent[]> {
  // "unpaid" is a delayed method that may still fail; a session of mode "setup" sells nothing.
  if (session.payment_status === 'unpaid' || session.mode === 'setup') return [];
  const { customer_details: customer, collected_information: collected } = session;
  const typed = session.custom_fields?.find(({ key }) => key === context.licenseeField);
  const amount = money(session.amount_total, session.currency);
  return [
    {
      kind: 'paid',
      id: session.payment_intent ?? session.id,
      test,
      placedAt: new Date(session.created * 1000).toISOString(),
      amount,
      buyer: {
        name: customer?.name ?? customer?.individual_name ?? collected?.individual_name ?? undefined,
        email: customer?.email ?? session.customer_email ?? undefined,
        company: customer?.business_name ?? collected?.business_name ?? undefined,
        registration: typed?.text?.value ?? undefined,
        country: customer?.address?.country ?? undefined,
        locale: session.locale ?? undefined,
      },
      lines: await lines(session, amount, context),
    },
  ];
}

/** What was sold stands in the metadata, or is told by the payment link, or has to be asked for. */
async function lines(
  session: z.output<typeof Session>,
  paid: Money | undefined,
  context: Context,
): Promise<SoldLine[]> {
  const { id, payment_link: link, metadata } = session;
  const sku = metadata?.product_id;
  if (sku)
    return [
      {
        sku,
        quantity: /^[1-9]\d{0,4}$/.test(metadata?.quantity ?? '') ? Number(metadata?.quantity) : 1,
        paid,
      },
    ];
  if (link && context.knows(link)) return [{ sku: link, quantity: 1, paid }];
  const unknown: SoldLine[] = [{ sku: link ?? '', quantity: 1, paid, held: 'unknown_product' }];
  if (!context.api) return unknown;
  try {
    const { data } = part(
      LineItems,
      await fetched(`/v1/checkout/sessions/${encodeURIComponent(id)}/line_items?limit=100`, context),
    );
    return data.map(({ price, quantity, amount_total, currency }) => ({
      sku: [price.id, price.product].find(context.knows) ?? price.product,
      quantity: quantity ?? 1,
      paid: money(amount_total, currency),
    }));
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_refused') return unknown;
    throw error;
  }
}

/** What Stripe says under a path of its API. */
export async function fetched(path: string, { api, ask }: Context): Promise<unknown> {
  if (!api) throw new Rejection('bad_body', 'a thin event and no API key to ask with; send snapshot events');
  if (!path.startsWith('/v1/'))
    throw new Rejection('bad_body', 'a thin event whose object is not under /v1/');
  return json(
    z.unknown(),
    await ask(`${api.url.replace(/\/$/, '')}${path}`, { headers: { authorization: `Bearer ${api.key}` } }),
  );
}
