/** Sends BlueSnap's sample of fields as a form, signed in the header, and by `authKey` under the same key. */
import { createHash, randomInt } from 'node:crypto';
import { evenly, fillTemplate, hmac, postForm, type Simulator, type TestOrder } from '../simulator.ts';

/** Type, status of the chargeback, and the share of the price that is refunded. */
const EVENTS: Readonly<Record<string, readonly [type: string, status: string, share: number]>> = {
  paid: ['CHARGE', '', 0],
  refunded: ['REFUND', '', 1],
  partly_refunded: ['REFUND', '', 0.25],
  disputed: ['CHARGEBACK', 'NEW', 1],
  dispute_won: ['CHARGEBACK_STATUS_CHANGED', 'COMPLETED_WON', 1],
  declined: ['DECLINE', '', 0],
  trial: ['CHARGE', '', 0],
  renewed: ['RECURRING', '', 0],
  ignored: ['BALANCE_CHANGED', '', 0],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: ['example_bluesnap_security_key'] },
  retries: evenly(11, 44),
  sign,

  request(order, secret, _options, now) {
    const orderId = order.id ?? String(randomInt(1_000_000_000, 2_000_000_000));
    const body = String(new URLSearchParams(Object(fields(order, secret, orderId))));
    return postForm(orderId, body, sign(body, secret, now).headers);
  },
};

function sign(body: string | Buffer, secret: string, now: number) {
  const time = new Date(now).toISOString().replace('T', ' ').replace('Z', '');
  const signature = hmac(secret, 'hex', time, body);
  return { headers: { 'bls-ipn-timestamp': time, 'bls-signature': signature } };
}

function fields(order: TestOrder, secret: string, orderId: string): unknown {
  const { event, sku, test, floor } = order;
  const [type = 'CHARGE', status = '', share = 0] = EVENTS[event] ?? [];
  const price = Math.max(39, floor);
  // A renewal is an order of its own.
  const reference = event === 'renewed' ? String(randomInt(1_000_000_000, 2_000_000_000)) : orderId;
  const isSubscribed = event === 'trial' || event === 'renewed';
  const charged = event === 'trial' ? 0 : share === 0 ? price : -price * share;
  const isReversed = share > 0;
  const newNumber = () => String(randomInt(1_000_000_000, 2_000_000_000));
  return fillTemplate('bluesnap/templates/charge.json', order, {
    type,
    order: reference,
    price: price.toFixed(2),
    charged: charged.toFixed(2),
    test: test ? 'Y' : 'N',
    authKey: createHash('md5').update(`${reference}${sku}${secret}`).digest('hex'),
    reversal: isReversed ? newNumber() : undefined,
    reason: isReversed ? 'MERCHANT_REQUEST' : undefined,
    isWhole: isReversed ? (share === 1 ? 'Y' : 'N') : undefined,
    status: isReversed ? status : undefined,
    subscription: isSubscribed ? orderId : undefined,
  });
}
