/** Parses a Checkout session into a sale: https://docs.stripe.com/api/checkout/sessions/object */
import * as z from 'zod/mini';
import { askApi, findInApi } from '../../core/inbound/ask-api.ts';
import type { Money, OrderEvent, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { LineItems, money, type Session } from './shapes.ts';

/** Returns no event for an unpaid session. */
export async function parseSale(
  session: z.output<typeof Session>,
  test: boolean,
  context: Context,
): Promise<OrderEvent[]> {
  // "unpaid" is a delayed payment method that may still fail. A session of mode "setup" sells nothing.
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
      lines: await findLines(session, amount, context),
    },
  ];
}

/** The SKU comes from the metadata, the payment link, or the line items, which the API returns. */
async function findLines(
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
  const path = `/v1/checkout/sessions/${encodeURIComponent(id)}/line_items?limit=100`;
  const items = await findInApi(context, LineItems, path);
  if (!items) return [{ sku: link ?? '', quantity: 1, paid, held: 'unknown_product' }];
  return items.data.map(({ price, quantity, amount_total, currency }) => ({
    sku: [price.id, price.product].find(context.knows) ?? price.product,
    quantity: quantity ?? 1,
    paid: money(amount_total, currency),
  }));
}

/** Fetches the object at a path of Stripe's API. */
export async function fetchObject(path: string, context: Context): Promise<unknown> {
  if (!context.api)
    throw new Rejection('bad_body', 'found a thin event and no API key; have Stripe send snapshot events');
  if (!path.startsWith('/v1/'))
    throw new Rejection(
      'bad_body',
      'found a thin event whose object is not under /v1/; have Stripe send snapshot events',
    );
  return await askApi(context, z.unknown(), path);
}
