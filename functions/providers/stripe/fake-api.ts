/** The calls of Stripe's API that Keypost makes; they return the sample's session. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { type ApiRequest, type ApiResponse, apiJson, type FakeOrders, fillTemplate } from '../simulator.ts';

const Session = z.looseObject({
  id: z.string(),
  payment_intent: z.string(),
  customer_details: z.looseObject({}),
  metadata: z.looseObject({}),
  amount_total: z.number(),
  created: z.number(),
});
const CheckoutEvent = z.looseObject({ data: z.object({ object: Session }) });

/** The event of a paid session. */
export const paidCheckout = CheckoutEvent.parse(
  JSON.parse(readFileSync(new URL('./templates/checkout.json', import.meta.url), 'utf8')),
);

/** https://docs.stripe.com/api/checkout/sessions/retrieve and …/line_items */
export function stripeApi({ method, path, headers }: ApiRequest): ApiResponse {
  if (!/^Bearer +[sr]k_\S+$/.test(String(headers.authorization)))
    return failure(401, 'You did not provide an API key.');
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  if (method === 'GET' && pathname === '/v1/checkout/sessions')
    return apiJson(200, sessions(Number(searchParams.get('created[gte]') ?? 0)));
  const [, kind, object] = /^\/v1\/(invoices|subscriptions)\/(\w+)$/.exec(pathname) ?? [];
  if (method === 'GET' && kind && object) return apiJson(200, subscriptionPart(kind, object));
  const [, id, list] = /^\/v1\/checkout\/sessions\/(cs_[^/?]+)(\/line_items)?$/.exec(pathname) ?? [];
  if (method !== 'GET' || !id) return failure(404, `Unrecognized request URL (${path}).`);
  return apiJson(200, list ? lineItems(id) : session(id));
}

/** Each session has its own payment, so that each is its own order. */
function session(id: string) {
  const sample = paidCheckout.data.object;
  return {
    ...sample,
    id,
    payment_intent: id === sample.id ? sample.payment_intent : id.replace(/^cs_/, 'pi_'),
  };
}

/** https://docs.stripe.com/api/invoices/retrieve with its payments, and …/subscriptions/retrieve, whose trial ends in 14 days. */
function subscriptionPart(kind: string, id: string) {
  if (kind === 'subscriptions')
    return { id, object: 'subscription', trial_end: Math.floor(Date.now() / 1000) + 14 * 86_400 };
  const payment = { type: 'payment_intent', payment_intent: id.replace(/^in_/, 'pi_') };
  return {
    id,
    object: 'invoice',
    payments: { object: 'list', data: [{ object: 'invoice_payment', payment }] },
  };
}

/** https://docs.stripe.com/api/checkout/sessions/list returns the sample if it is not older than `since`. */
function sessions(since: number) {
  const sample = paidCheckout.data.object;
  const data = sample.created >= since ? [{ ...sample, livemode: true }] : [];
  return { object: 'list', data, has_more: false, url: '/v1/checkout/sessions' };
}

/** The simulator writes the SKU into the ID of its session. */
function lineItems(id: string) {
  const [, sku] = /^cs_[a-z]+_[0-9a-f]{16}_([\w-]+)$/.exec(id) ?? [];
  const product = sku ? Buffer.from(sku, 'base64url').toString() : 'prod_WidgetProMac';
  return fillTemplate('stripe/templates/line_items.json', {}, { session: id, product });
}

const failure = (status: number, message: string) =>
  apiJson(status, { error: { message, type: 'invalid_request_error' } });

/** The three lists, and the charge of a payment: https://docs.stripe.com/api/refunds/list, …/payment_intents/retrieve */
export const stripeOrders: FakeOrders = (sold, { pathname, searchParams }) => {
  const intent = /^\/v1\/payment_intents\/([^/]+)$/.exec(pathname)?.[1];
  const one = sold.find(({ id }) => id === intent);
  const latest_charge = one?.refunded?.data.object ?? { id: 'ch_1', refunded: false };
  if (one) return { id: intent, latest_charge };
  const page = (all: readonly { readonly id: string }[]) => {
    const after = searchParams.get('starting_after');
    const from = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
    const to = from + Number(searchParams.get('limit'));
    return { object: 'list', data: all.slice(from, to), has_more: to < all.length };
  };
  if (pathname === '/v1/refunds')
    return page(
      sold.flatMap(({ id, refunded }) =>
        refunded
          ? {
              id: `re_${id}`,
              payment_intent: id,
              charge: `ch_${id}`,
              status: 'succeeded',
              amount: 4875,
              currency: 'eur',
            }
          : [],
      ),
    );
  if (pathname === '/v1/disputes') return page([]);
  if (pathname !== '/v1/checkout/sessions') return undefined;
  return page(sold.map(({ paid }) => ({ ...paid.data.object, livemode: true })).reverse());
};
