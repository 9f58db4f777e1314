/** Sends Gumroad's ping: a form with the fields of ping_notification.rb in antiwork/gumroad, and the secret in the address. */
import { randomBytes, randomInt } from 'node:crypto';
import { fillTemplate, type ParsedOrder, postForm, type Simulator, type TestOrder } from '../simulator.ts';

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
    return postForm(orderId, body, {}, `secret=${urlEncode(secret)}`);
  },

  /** https://gumroad.com/api#sales: the sales of the pings, ten a page; `Purchase#as_json` has other names for some fields. */
  orders(sold, { pathname, searchParams }) {
    const [, id] = /^\/v2\/sales\/(.+)$/.exec(decodeURIComponent(pathname)) ?? [];
    const one = sold.find((order) => order.id === id);
    if (one) return { success: true, sale: saleOf(one) };
    const from = Number(searchParams.get('page_key') ?? 0);
    const next = from + SIZE < sold.length ? { next_page_key: String(from + SIZE) } : {};
    return { success: true, sales: sold.slice(from, from + SIZE).map(saleOf), ...next };
  },
};

const SELLER_ID = 'kL0psVL2admJSYRNs-EXAMPLE==';

const subscriptionOf = (saleId: string) => `${saleId.replace(/=+$/, '')}-sub==`;

/** Encodes as Ruby's ERB::Util.url_encode does: everything but letters, digits, `-`, `_`, `.` and `~`; a space is `%20`. */
const urlEncode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function fields(order: TestOrder, saleId: string, sellerId: string, now: number): object {
  const cents = Math.round(Math.max(39, order.floor) * 100);
  const isRenewal = order.event === 'renewed';
  const ping = fillTemplate('gumroad/templates/ping.json', order, {
    ...{ seller: sellerId, price: cents, fee: Math.round(cents / 10) + 80, test: order.test || undefined },
    sale: isRenewal ? `${randomBytes(16).toString('base64url')}==` : saleId,
    number: randomInt(100_000_000, 1_000_000_000),
    at: `${new Date(now).toISOString().slice(0, 19)}Z`,
    subscription: isRenewal || order.event === 'trial' ? subscriptionOf(saleId) : undefined,
  });
  return { ...Object(ping), ...EVENTS[order.event] };
}

const SIZE = 10;

function saleOf({ id, paid: ping, refunded }: ParsedOrder) {
  const [product_id, email] = [ping.get('product_id'), ping.get('email')];
  return {
    ...{ id, email, purchase_email: email, full_name: ping.get('full_name'), product_id },
    ...{ product_permalink: ping.get('short_product_id'), created_at: ping.get('sale_timestamp') },
    ...{ price: Number(ping.get('price')), quantity: Number(ping.get('quantity')), paid: true },
    custom_fields: { licensee: ping.get('custom_fields[licensee]') },
    ...{ refunded: refunded !== undefined, partially_refunded: false, disputed: false, dispute_won: false },
    ...{ is_gift_receiver_purchase: false },
  };
}
