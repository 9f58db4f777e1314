/** A look-alike of the calls of Stripe's API that Keypost makes, with the sample's buyer. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { sendJson } from '../../../local/http.ts';

const Session = z.looseObject({
  id: z.string(),
  payment_intent: z.string(),
  customer_details: z.looseObject({}),
  metadata: z.looseObject({}),
  amount_total: z.number(),
  created: z.number(),
});
const CheckoutEvent = z.looseObject({ data: z.object({ object: Session }) });

/** A session paid, as Stripe tells it. */
export const paidCheckout = CheckoutEvent.parse(
  JSON.parse(readFileSync(new URL('./templates/checkout.json', import.meta.url), 'utf8')),
);

/** https://docs.stripe.com/api/checkout/sessions/retrieve and …/line_items */
export function stripeApi(request: IncomingMessage, response: ServerResponse, path: string): void {
  const key = /^Bearer +([sr]k_\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  const [, id, list] = /^\/v1\/checkout\/sessions\/(cs_[^/?]+)(\/line_items)?(?:\?.*)?$/.exec(path) ?? [];
  if (!key) refuse(response, 401, 'You did not provide an API key.');
  else if (request.method === 'GET' && pathname === '/v1/checkout/sessions')
    sendJson(response, 200, sessions(Number(searchParams.get('created[gte]') ?? 0)));
  else if (request.method !== 'GET' || !id) refuse(response, 404, `Unrecognized request URL (${path}).`);
  else sendJson(response, 200, list ? lineItems(id) : session(id));
}

/** Each session has a payment of its own, so that each is an order of its own. */
function session(id: string) {
  const sample = paidCheckout.data.object;
  return {
    ...sample,
    id,
    payment_intent: id === sample.id ? sample.payment_intent : id.replace(/^cs_/, 'pi_'),
  };
}

/** https://docs.stripe.com/api/checkout/sessions/list: the sample, and nothing after it. */
function sessions(since: number) {
  const sample = paidCheckout.data.object;
  const data = sample.created >= since ? [{ ...sample, livemode: true }] : [];
  return { object: 'list', data, has_more: false, url: '/v1/checkout/sessions' };
}

function lineItems(id: string) {
  const amounts = {
    amount_discount: 0,
    amount_subtotal: 3900,
    amount_tax: 975,
    amount_total: 4875,
    currency: 'eur',
  };
  const product = 'prod_WidgetProMac';
  const price = {
    id: 'price_1TExample000001',
    object: 'price',
    active: true,
    currency: 'eur',
    product,
    type: 'one_time',
    unit_amount: 3900,
  };
  return {
    object: 'list',
    data: [
      {
        id: 'li_1TExample000001',
        object: 'item',
        ...amounts,
        description: 'WidgetPro for Mac',
        price,
        quantity: 1,
      },
    ],
    has_more: false,
    url: `/v1/checkout/sessions/${id}/line_items`,
  };
}

const refuse = (response: ServerResponse, status: number, message: string): void =>
  sendJson(response, status, { error: { message, type: 'invalid_request_error' } });
