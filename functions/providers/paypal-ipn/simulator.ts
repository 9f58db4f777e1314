/** Sends the notifications of a button. The fake PayPal confirms each. */
import { randomBytes } from 'node:crypto';
import { doubling, FORM_HEADERS, fillTemplate, postForm, type Simulator } from '../simulator.ts';

/** Type, status, and the part of the price that is paid. */
const EVENTS: Readonly<Record<string, readonly [type: string, status: string, part: number]>> = {
  paid: ['web_accept', 'Completed', 1],
  refunded: ['', 'Refunded', -1],
  partly_refunded: ['', 'Refunded', -0.25],
  disputed: ['', 'Reversed', -1],
  dispute_won: ['', 'Canceled_Reversal', 1],
  trial: ['subscr_signup', '', 0],
  renewed: ['subscr_payment', 'Completed', 1],
  ignored: ['send_money', 'Completed', 1],
};

export const simulator: Simulator = {
  events: Object.keys(EVENTS),
  demoKeys: { signing: [], apiKey: 'none' },
  api: () => ({ status: 200, type: 'text/plain', body: 'VERIFIED' }),
  retries: doubling(15, 96),
  // The fake PayPal confirms any body. A real IPN is never empty.
  sign: (body) => ({
    headers: FORM_HEADERS,
    body: Buffer.from(body.length > 0 ? body : 'verify_sign=example'),
  }),

  request(order, _secret, { receiver }, now) {
    const [type = '', status = '', share = 0] = EVENTS[order.event] ?? [];
    const [orderId, own] = [order.id ?? shortId(), shortId()];
    const [isPayment, isSubscription] = [type === 'web_accept', type.startsWith('subscr')];
    const [payee] = [receiver].flat();
    const fields = fillTemplate('paypal-ipn/templates/ipn.json', order, {
      ...{ type, status, receiver: payee, test: order.test ? '1' : '' },
      ...{ txn: isPayment ? orderId : own, parent: isPayment || isSubscription ? '' : orderId },
      ...{ subscription: isSubscription ? orderId : '', trial: order.event === 'trial' ? '0.00' : '' },
      gross: share === 0 ? '' : (Math.max(39, order.floor) * share).toFixed(2),
      at: `${new Date(now).toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, '$4 $2 $1, $3')} GMT`,
    });
    return postForm(orderId, String(new URLSearchParams(Object(fields))));
  },
};

const shortId = () => randomBytes(9).toString('hex').slice(0, 17).toUpperCase();
