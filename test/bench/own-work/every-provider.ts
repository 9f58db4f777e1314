/** A shop that sells one product by every provider, and an order of each, as its simulator signs it. */
import type { HttpApiEvent } from '../../../functions/aws/http-api.ts';
import { defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { Context } from '../../../functions/core/inbound/provider.ts';
import type { SignedRequest } from '../../../functions/providers/simulator.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { simulators } from '../../fixtures/simulators.ts';
import { SECRETS } from '../contest/signed-orders.ts';

/** Lemon Squeezy's products have numbers; the others take any word. */
const skuAt = (provider: string) => (provider === 'lemonsqueezy' ? '300301' : 'widgetpro-mac');
const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = {
  gumroad: { sellerId: 'bench', reread: false },
  paypal: { payee: 'EXAMPLEMERCH1' },
  'paypal-ipn': { receiver: 'sales@vendor.example.com' },
  form: {
    proof: { field: 'hash', hash: 'sha256', of: ['order', '(secret)'] },
    fields: { id: 'order', sku: 'product', quantity: 'quantity', name: 'name', email: 'email' },
  },
};

export const PROVIDERS = Object.keys(simulators);

export const catalogue = defineConfig({
  seller,
  providers: Object.fromEntries(PROVIDERS.map((name) => [name, { options: OPTIONS[name] ?? {} }])),
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      serial,
      skus: Object.fromEntries(PROVIDERS.map((name) => [name, [skuAt(name)]])),
    },
  },
});

/** One key that is valid in every scheme. */
const KEY = SECRETS['provider-keys'].shop.signing[0] ?? '';
/** PayPal's orders and its certificate are fetched. */
const API = { key: 'client:secret', url: 'http://localhost:3000/local/paypal' };

export const SIGNING = Object.fromEntries(
  PROVIDERS.map((name) => [name, { signing: [KEY], ...(name === 'paypal' ? { api: API } : {}) }]),
);

/** An order of `provider`, and its API, which answers at once. */
export function orderOf(provider: string): { readonly event: HttpApiEvent; readonly ask: Context['ask'] } {
  const order = {
    event: 'paid',
    sku: skuAt(provider),
    name: 'Jane Q. Sample',
    email: 'jane.sample@example.com',
    company: '',
    test: false,
    floor: 0,
  };
  const { options } = catalogue.providers[provider] ?? { options: {} };
  const request = simulators[provider]?.request(order, KEY, options, Date.now());
  if (!request) throw new Error(`no simulator of ${provider}`);
  const event = {
    rawQueryString: request.query,
    headers: request.headers,
    body: request.body,
    isBase64Encoded: false,
    rawPath: `/orders/${provider}`,
    requestContext: { http: { method: request.method } },
  };
  return { event, ask: provider === 'paypal-ipn' ? async () => 'VERIFIED' : apiOf(request) };
}

/** PayPal's API returns the order of the announcement, and confirms an IPN; the other providers send everything themselves. */
function apiOf({ headers, before }: SignedRequest): Context['ask'] {
  const spki = headers['paypal-cert-url']?.split('/').at(-1) ?? '';
  const responses: readonly (readonly [address: RegExp, answer: string])[] = [
    [/\/certs\//, pem(spki)],
    [/\/oauth2\/token$/, '{"access_token":"bench"}'],
    [/\/orders\//, before ? JSON.stringify(JSON.parse(before.body).resource) : ''],
  ];
  return async (url) => responses.find(([address]) => address.test(url))?.[1] ?? '';
}

const pem = (spki: string) =>
  `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki, 'base64url').toString('base64')}\n-----END PUBLIC KEY-----\n`;
