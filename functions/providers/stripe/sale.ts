/** Parses a Checkout session into a sale: https://docs.stripe.com/api/checkout/sessions/object */
import * as z from 'zod/mini';
import { askApi, findInApi } from '../../core/inbound/ask-api.ts';
import { part } from '../../core/inbound/body.ts';
import type { Money, OrderEvent, SoldLine } from '../../core/inbound/event.ts';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { customText, firstText, maybeQuantity, soldLine } from '../../core/inbound/shapes.ts';
import { Invoice, LineItems, money, type Session, Subscription } from './shapes.ts';

export const Options = z.strictObject({
  adjustable: z._default(z.array(z.string()), []),
});

/** Without an API key, the link names the only line, and its quantity is unknown. */
export function noticeOf(skus: readonly string[], options: unknown): string | undefined {
  const { adjustable } = part(Options, options);
  const links = skus.filter((sku) => sku.startsWith('plink_') && !adjustable.includes(sku));
  return links.length > 0
    ? `without an API key (\`keys set stripe --api-key\`), the Payment Link ${links.join(', ')} sells exactly one copy; if its buyers can change the quantity or add items, list it under options.adjustable`
    : undefined;
}

/** Returns no event for an unpaid session. */
export async function parseSale(
  session: z.output<typeof Session>,
  test: boolean,
  context: Context,
): Promise<OrderEvent[]> {
  // "unpaid" is a delayed payment method that may still fail. A session of mode "setup" sells nothing.
  if (session.payment_status === 'unpaid' || session.mode === 'setup') return [];
  const { customer_details: customer, collected_information: collected, subscription } = session;
  const isTrial = session.mode === 'subscription' && session.payment_status === 'no_payment_required';
  const typed = session.custom_fields?.find(({ key }) => key === context.licenseeField);
  const amount = money(session.amount_total, session.currency);
  const invoice = subscription && !isTrial ? await findInvoice(session.invoice, context) : undefined;
  // A refund contains only the payment, which a session of a subscription lacks.
  const aliases = [
    ...(subscription ? definedOf(subscription, session.invoice, ...paymentsOf(invoice)) : []),
    ...(context.hasOrderPage && session.payment_intent ? [session.id] : []),
  ];
  return [
    {
      kind: isTrial ? 'trial' : 'paid',
      id: session.payment_intent ?? session.id,
      aliases: aliases.length > 0 ? aliases : undefined,
      test,
      placedAt: session.created,
      until: isTrial ? await findTrialEnd(subscription, context) : undefined,
      printed: invoice?.number,
      amount,
      buyer: {
        // The name that the buyer typed takes precedence over the name on the card.
        name: firstText(customer.individual_name, collected.individual_name, customer.name),
        email: firstText(customer.email, session.customer_email),
        company: firstText(customer.business_name, collected.business_name),
        registration: typed?.text.value,
        country: customer.address.country,
        locale: session.locale,
      },
      lines: await findLines(session, amount, context),
    },
  ];
}

/** The API knows the lines. Without an API key, the metadata or a listed payment link name the only line. */
async function findLines(
  session: z.output<typeof Session>,
  paid: Money | undefined,
  context: Context,
): Promise<readonly SoldLine[]> {
  const { id, payment_link: link, metadata, optional_items: options = [] } = session;
  const sku = customText(metadata, 'product_id') ?? (link && context.knows(link) ? link : undefined);
  const path = `/v1/checkout/sessions/${encodeURIComponent(id)}/line_items?limit=100`;
  const items = await findInApi(context, LineItems, path);
  if (items) return linesOf(items, sku, context);
  const isOpen =
    options.length > 0 || part(Options, context.options).adjustable.some((listed) => listed === link);
  const quantity = maybeQuantity.parse(metadata.quantity ?? undefined);
  return [
    soldLine({ sku: sku ?? link, quantity, paid, held: sku && !isOpen ? undefined : 'unknown_product' }),
  ];
}

/** The SKU of the session belongs to the only line whose price and product the catalogue does not list. */
function linesOf(
  { data, has_more }: z.output<typeof LineItems>,
  sku: string | undefined,
  { knows }: Context,
): readonly SoldLine[] {
  if (has_more)
    throw new Rejection('bad_body', 'found more than 100 line items; expected all on one page of the API');
  const known = data.map(({ price }) => [price.id, price.product].find((one) => one && knows(one)));
  const isNamed = sku !== undefined && known.filter((one) => one === undefined).length === 1;
  return data.map(({ price, quantity, amount_total, currency }, at) =>
    soldLine({
      sku: known[at] ?? (isNamed ? sku : (price.product ?? price.id)),
      quantity,
      paid: money(amount_total, currency),
    }),
  );
}

/** Fetches an invoice with its payments; undefined without an API key, or if the key may not read invoices. */
export const findInvoice = async (id: string | undefined, context: Context) =>
  id
    ? await findInApi(context, Invoice, `/v1/invoices/${encodeURIComponent(id)}?expand[]=payments`)
    : undefined;

/** https://docs.stripe.com/api/invoice-payment; before that an invoice stated its payment itself. */
export const paymentsOf = (invoice: z.output<typeof Invoice> | undefined): readonly string[] =>
  definedOf(
    invoice?.payment_intent,
    ...(invoice?.payments.data ?? []).map(({ payment }) => payment.payment_intent),
  );

export const definedOf = (...ids: readonly (string | undefined)[]): readonly string[] =>
  ids.filter((one) => one !== undefined);

const findTrialEnd = async (id: string | undefined, context: Context) =>
  id
    ? (await findInApi(context, Subscription, `/v1/subscriptions/${encodeURIComponent(id)}`))?.trial_end
    : undefined;

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
