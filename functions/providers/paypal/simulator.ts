/** Sends and signs as PayPal does, with a key of its own, which only the fake API of `npm start` returns. */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign as signBytes,
} from 'node:crypto';
import { crc32 } from 'node:zlib';
import { doubling, fillTemplate, postJson, type Simulator, type TestOrder } from '../simulator.ts';
import { paypalApi, paypalOrders } from './fake-api.ts';

/** The template of each event, and its values. */
const EVENTS: Readonly<Record<string, readonly [file: string, values: Readonly<Record<string, unknown>>]>> = {
  paid: ['paypal/templates/captured.json', {}],
  approved: ['paypal/templates/approved.json', {}],
  ignored: ['paypal/templates/sale.json', {}],
  refunded: ['paypal/templates/refunded.json', { share: 1 }],
  partly_refunded: ['paypal/templates/refunded.json', { share: 0.25 }],
  disputed: [
    'paypal/templates/dispute.json',
    { type: 'CUSTOMER.DISPUTE.CREATED', status: 'OPEN', outcome: null },
  ],
  dispute_won: [
    'paypal/templates/dispute.json',
    {
      type: 'CUSTOMER.DISPUTE.RESOLVED',
      status: 'RESOLVED',
      outcome: { outcome_code: 'RESOLVED_SELLER_FAVOUR' },
    },
  ],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  orders: paypalOrders,
  demoKeys: { signing: ['5FX00001EXAMPLE9H'], apiKey: 'client:secret' },
  api: paypalApi,
  retries: doubling(25, 72),
  sign,

  request(order, webhookId, options, now) {
    const orderId = order.id ?? shortId();
    const payee = payeeOf(options.payee);
    const send = (event: string) => signEvent({ ...order, event }, { webhookId, orderId, payee, now });
    // A capture has no buyer, so PayPal's approval, which has one, comes first.
    return { ...send(order.event), ...(order.event === 'paid' ? { before: send('approved') } : {}) };
  },
};

/** Returns the first account in the catalogue. */
function payeeOf(payee: unknown) {
  const [first] = [payee].flat();
  const account = typeof first === 'string' ? first : 'EXAMPLEMERCH1';
  return account.includes('@')
    ? { email_address: account, merchant_id: 'EXAMPLEMERCH1' }
    : { email_address: 'sales@vendor.example.com', merchant_id: account };
}

interface Delivery {
  readonly webhookId: string;
  readonly orderId: string;
  readonly payee: object;
  readonly now: number;
}

function signEvent(order: TestOrder, { webhookId, orderId, payee, now }: Delivery) {
  const [file, { share = 1, ...values }] = EVENTS[order.event] ?? ['paypal/templates/captured.json', {}];
  const body = JSON.stringify(
    fillTemplate(file, order, {
      host: order.test ? 'api.sandbox.paypal.com' : 'api.paypal.com',
      webhook: `WH-${shortId()}-${shortId()}`,
      order: orderId,
      payee,
      // A refund has the ID of the capture only, so it is derived from the order and equals that of the sale.
      capture: createHash('md5').update(orderId).digest('hex').slice(0, 17).toUpperCase(),
      refund: shortId(),
      dispute: '10001',
      buyerTransaction: shortId(),
      price: (Math.max(39, order.floor) * Number(share)).toFixed(2),
      at: `${new Date(now).toISOString().slice(0, 19)}Z`,
      ...values,
    }),
  );
  return postJson(orderId, body, sign(body, webhookId, now, order.address).headers);
}

/** @param address has the origin of the fake API that vouches for the key. */
function sign(body: string | Buffer, webhookId: string, now: number, address = 'http://localhost:3000') {
  const [id, time] = [randomUUID(), `${new Date(now).toISOString().slice(0, 19)}Z`];
  const { privateKey, publicHalf } = signingKey();
  const content = Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`);
  return {
    headers: {
      'paypal-transmission-id': id,
      'paypal-transmission-time': time,
      'paypal-auth-algo': 'SHA256withRSA',
      'paypal-cert-url': `${new URL(address).origin}/local/paypal/v1/notifications/certs/${publicHalf}`,
      'paypal-transmission-sig': signBytes('sha256', content, privateKey).toString('base64'),
    },
  };
}

let made: { readonly privateKey: KeyObject; readonly publicHalf: string } | undefined;

/** The public half is part of the address of the key. */
function signingKey() {
  if (made) return made;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  made = { privateKey, publicHalf: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url') };
  return made;
}

const shortId = () => randomBytes(9).toString('hex').slice(0, 17).toUpperCase();
