/** Sends Paddle Billing's compact JSON, signed together with the time before it. */
import { randomBytes } from 'node:crypto';
import { evenly, fillTemplate, hmac, postJson, type Simulator } from '../simulator.ts';
import { paddleApi, paddleOrders } from './fake-api.ts';

/** Action, type, and the share of the price of each adjustment. */
const ADJUSTMENTS: Readonly<Record<string, readonly [action: string, type: string, share: number]>> = {
  refunded: ['refund', 'full', 1],
  partly_refunded: ['refund', 'partial', 0.25],
  disputed: ['chargeback', 'full', 1],
  dispute_won: ['chargeback_reverse', 'full', 1],
};

/** The origin of each transaction. */
const ORIGINS: Readonly<Record<string, string>> = {
  paid: 'web',
  trial: 'web',
  renewed: 'subscription_recurring',
  ignored: 'subscription_charge',
};

export const simulator: Simulator = {
  events: [...Object.keys(ORIGINS), ...Object.keys(ADJUSTMENTS)],
  orders: paddleOrders,
  demoKeys: {
    signing: ['pdl_ntfset_01kexample0000000000000000_ExampleSecret'],
    apiKey: 'pdl_sdbx_apikey_example',
  },
  api: paddleApi,
  retries: [...evenly(20, 1), ...evenly(27, 23), ...evenly(13, 48)],
  sign: (body, secret, now) => ({
    headers: { 'paddle-signature': paddleSignature(secret, Math.floor(now / 1000), body) },
  }),

  request(order, secret, _options, now) {
    const { event, id, sku, name, email, company, floor } = order;
    const orderId = id ?? newId('txn');
    const [action, type, share = 1] = ADJUSTMENTS[event] ?? [];
    const cents = event === 'trial' ? 0 : Math.round(Math.max(39, floor) * 100 * share);
    const tax = Math.round((cents * 19) / 119);
    const byPrice = sku.startsWith('pri_');
    const notification = fillTemplate(
      action ? 'paddle/templates/adjustment.json' : 'paddle/templates/transaction.json',
      order,
      {
        ...newIds(),
        // A renewal is a transaction of its own.
        order: ORIGINS[event]?.startsWith('subscription') ? newId('txn') : orderId,
        origin: ORIGINS[event],
        subscription: event === 'paid' ? null : orderId.replace('txn_', 'sub_'),
        trial_period: event === 'trial' ? { interval: 'day', frequency: 14 } : null,
        price: byPrice ? sku : newId('pri'),
        product: byPrice ? newId('pro') : sku,
        business: company ? newId('biz') : null,
        // The body has no buyer, and the fake API does not know this one, so custom_data has it, as from a seller's own page.
        custom_data: { name, email, ...(company ? { company } : {}) },
        checkout: `https://shop.example.com/buy?_ptxn=${orderId}`,
        action,
        type,
        at: new Date(now).toISOString().replace('Z', '000Z'),
        total: String(cents),
        tax: String(tax),
        subtotal: String(cents - tax),
        fee: '50',
        earnings: String(cents - tax - 50),
      },
    );
    const body = JSON.stringify(notification);
    const signature = paddleSignature(secret, Math.floor(now / 1000), body);
    return postJson(orderId, body, { 'user-agent': 'Paddle', 'paddle-signature': signature });
  },
};

/** https://developer.paddle.com/webhooks/about/signature-verification; `at` in seconds. */
export const paddleSignature = (secret: string, at: number, body: string | Buffer): string =>
  `ts=${at};h1=${hmac(secret, 'hex', `${at}:`, body)}`;

const newIds = () => ({
  event: newId('evt'),
  notification: newId('ntf'),
  customer: newId('ctm'),
  address: newId('add'),
  invoice: newId('inv'),
  item: newId('txnitm'),
  adjustment: newId('adj'),
  adjusted: newId('adjitm'),
});

/** Paddle's IDs are a prefix and 26 characters of Crockford's base 32. */
function newId(prefix: string): string {
  const digits = [...randomBytes(26)].map((byte) => '0123456789abcdefghjkmnpqrstvwxyz'[byte % 32]);
  return `${prefix}_${digits.join('')}`;
}
