/** Sends Gumroad's ping: a form with the fields of ping_notification.rb in antiwork/gumroad, and the secret in the address. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Simulator, TestOrder } from '../simulator.ts';
import { gumroadOrders } from './fake-api.ts';

const EVENTS: Readonly<Record<string, Readonly<Record<string, string | boolean>>>> = {
  paid: { resource_name: 'sale' },
  partly_refunded: { resource_name: 'refund' },
  refunded: { resource_name: 'refund', refunded: true },
  disputed: { resource_name: 'dispute', disputed: true },
  dispute_won: { resource_name: 'dispute_won', disputed: true, dispute_won: true },
  // A ping does not mark a trial.
  trial: { resource_name: 'sale', recurrence: 'monthly' },
  renewed: { resource_name: 'sale', recurrence: 'monthly', is_recurring_charge: true },
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  orders: gumroadOrders,
  demoKeys: { signing: ['example-secret-in-the-address-0001'] },
  retries: [60, 180, 600],
  sign: (body, secret) => ({
    headers: {},
    query: `secret=${urlEncode(secret)}`,
    body: Buffer.concat([Buffer.from(`seller_id=${urlEncode(SELLER_ID)}&`), Buffer.from(body)]),
  }),

  request(order, secret, options, now) {
    const orderId = order.id ?? `${randomBytes(16).toString('base64url')}==`;
    const sellerId = typeof options.sellerId === 'string' ? options.sellerId : SELLER_ID;
    const body = Object.entries(fields(order, orderId, sellerId, now))
      .map(([name, value]) => `${urlEncode(name)}=${urlEncode(String(value))}`)
      .join('&');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', query: `secret=${urlEncode(secret)}`, headers, body, orderId };
  },
};

const SELLER_ID = 'kL0psVL2admJSYRNs-EXAMPLE==';

const subscriptionOf = (saleId: string) => `${saleId.replace(/=+$/, '')}-sub==`;

/** Encodes as Ruby's ERB::Util.url_encode does: everything but letters, digits, `-`, `_`, `.` and `~`; a space is `%20`. */
const urlEncode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function fields(
  { event, sku, name, email, test, floor }: TestOrder,
  saleId: string,
  sellerId: string,
  now: number,
) {
  const cents = Math.round(Math.max(39, floor) * 100);
  return {
    seller_id: sellerId,
    product_id: sku,
    product_name: 'WidgetPro for Mac',
    permalink: 'widgetpro',
    product_permalink: 'https://example.gumroad.com/l/widgetpro',
    short_product_id: 'wxyz',
    email,
    price: cents,
    gumroad_fee: Math.round(cents / 10) + 80,
    currency: 'usd',
    quantity: 1,
    discover_fee_charged: false,
    can_contact: true,
    referrer: 'https://shop.example.com/',
    'card[visual]': '**** **** **** 4242',
    'card[type]': 'visa',
    'card[bin]': '',
    'card[expiry_month]': '',
    'card[expiry_year]': '',
    order_number: randomInt(100_000_000, 1_000_000_000),
    sale_id: saleId,
    sale_timestamp: `${new Date(now).toISOString().slice(0, 19)}Z`,
    full_name: name,
    purchaser_id: '5550000000001',
    'url_params[campaign]': 'launch',
    'variants[Tier]': 'Single user',
    ...(test ? { test } : {}),
    licensee: name,
    'custom_fields[licensee]': name,
    license_key: '00000000-00000000-00000000-00000000',
    ip_country: 'Germany',
    is_gift_receiver_purchase: false,
    refunded: false,
    disputed: false,
    dispute_won: false,
    ...(event === 'trial' || event === 'renewed' ? { subscription_id: subscriptionOf(saleId) } : {}),
    ...(event === 'renewed' ? { sale_id: `${randomBytes(16).toString('base64url')}==` } : {}),
    ...EVENTS[event],
  };
}
