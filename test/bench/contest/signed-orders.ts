/** Sample orders, signed by the vendors' own libraries, as API Gateway delivers them. */
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import type { HttpApiEvent } from '../../../functions/aws/http-api.ts';

export const PROVIDERS = ['stripe', 'shop'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

const STRIPE_KEY = 'whsec_ExampleSecret0001';
const SHOP_KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** The secrets, by the names in the bundles' environment. */
export const SECRETS = {
  'product-keys': { 'widgetpro-mac': [{ version: 1, key: '1234567890123456' }] },
  'provider-keys': { stripe: { signing: [STRIPE_KEY] }, shop: { signing: [SHOP_KEY] } },
  /** That of test/bench/contest/textbook, which has one. */
  textbook: { stripeSigningSecret: STRIPE_KEY, serialKey: '1234567890123456' },
};

/** Signed now: good for five minutes. */
export function signedOrder(provider: ProviderName): HttpApiEvent {
  const { body, headers } = provider === 'stripe' ? stripeOrder() : shopOrder();
  return {
    rawQueryString: '',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    isBase64Encoded: false,
    rawPath: `/orders/${provider}`,
    requestContext: { http: { method: 'POST' } },
  };
}

function stripeOrder() {
  const body = sample('stripe/samples/checkout.session.completed.json');
  const { webhooks } = new Stripe('sk_test_none');
  const signature = webhooks.generateTestHeaderString({ payload: body, secret: STRIPE_KEY });
  return { body, headers: { 'stripe-signature': signature } };
}

function shopOrder() {
  const body = sample('shop/samples/order.paid.json');
  const [id, at] = ['msg_bench', new Date()];
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(SHOP_KEY).sign(id, at, body),
  };
  return { body, headers };
}

const sample = (path: string) =>
  readFileSync(new URL(`../../../functions/providers/${path}`, import.meta.url), 'utf8');
