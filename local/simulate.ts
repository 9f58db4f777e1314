/** Orders as a provider would send them, signed as it signs. */
import { createHmac, randomUUID } from 'node:crypto';
import { paidCheckout } from './stripe.ts';

export interface TestOrder {
  readonly sku: string;
  readonly name: string;
  readonly email: string;
  readonly company: string;
  /** Marked as a test by the provider's own flag. */
  readonly test: boolean;
  /** What the catalogue asks at least, in euros. */
  readonly floor: number;
}

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param secret the signing key as it stands in `provider-keys`; `now` is in milliseconds. */
export type Simulator = (order: TestOrder, secret: string, now: number) => SignedRequest;

export const simulators: Readonly<Record<string, Simulator>> = { shop, stripe };

/** docs/providers/shop.md, signed as https://www.standardwebhooks.com says. */
function shop(
  { sku, name, email, company, test, floor }: TestOrder,
  secret: string,
  now: number,
): SignedRequest {
  const id = `msg_${randomUUID()}`;
  const at = String(Math.floor(now / 1000));
  const price = Math.max(39, floor).toFixed(2);
  const data = {
    id: `SIM-${randomUUID().slice(0, 8)}`,
    test,
    placedAt: new Date(now).toISOString(),
    currency: 'EUR',
    total: price,
    buyer: { name, email, ...(company ? { company } : {}) },
    items: [{ sku, quantity: 1, price }],
  };
  const body = JSON.stringify({ type: 'order.paid', timestamp: new Date(now).toISOString(), data });
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const signed = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
  return { headers: { 'content-type': 'application/json', ...signed }, body };
}

/** https://docs.stripe.com/webhooks#verify-manually */
function stripe(
  { sku, name, email, company, test, floor }: TestOrder,
  secret: string,
  now: number,
): SignedRequest {
  const at = Math.floor(now / 1000);
  const id = randomUUID().replaceAll('-', '').slice(0, 16);
  const sample = paidCheckout.data.object;
  const object = {
    ...sample,
    id: `cs_${test ? 'test' : 'live'}_${id}`,
    payment_intent: `pi_${id}`,
    created: at,
    livemode: !test,
    amount_total: Math.max(sample.amount_total, Math.round(floor * 100)),
    customer_details: {
      ...sample.customer_details,
      name,
      email,
      individual_name: name,
      business_name: company || null,
    },
    collected_information: null,
    custom_fields: [],
    metadata: { product_id: sku, quantity: '1' },
    payment_link: null,
  };
  const event = { ...paidCheckout, id: `evt_${id}`, created: at, livemode: !test, data: { object } };
  const body = JSON.stringify(event, null, 2);
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'stripe-signature': `t=${at},v1=${signature}`,
  };
  return { headers, body };
}
