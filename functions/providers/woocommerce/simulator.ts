/** Sends as WooCommerce's class-wc-webhook.php does: each change of an order sends the whole order of the REST API. */
import { randomBytes, randomInt } from 'node:crypto';
import { fillTemplate, hmac, postForm, postJson, type Simulator } from '../simulator.ts';

const STATUS: Readonly<Record<string, string>> = {
  paid: 'completed',
  partly_refunded: 'completed',
  refunded: 'refunded',
  unpaid: 'pending',
  trial: 'completed',
  renewed: 'completed',
};

export const simulator: Simulator = {
  events: [...Object.keys(STATUS), 'subscribed', 'ping'],
  demoKeys: { signing: ['ex&ample"secret'] },
  sign: (body, secret) => ({
    headers: {
      'x-wc-webhook-topic': 'order.updated',
      'x-wc-webhook-signature': hmac(secret, 'base64', body),
    },
  }),

  request(order, secret, _options, now) {
    const { event, id, name, floor } = order;
    // The shop sends this unsigned request when the webhook is saved.
    if (event === 'ping') return postForm('', 'webhook_id=5');
    const orderId = id ?? String(randomInt(1_000, 1_000_000_000));
    // A renewal is an order of its own that names the subscription; `subscribed` names the order of the subscription.
    if (event === 'subscribed')
      return send(secret, 'subscription.created', subscription(orderId, now), orderId);
    const isRenewal = event === 'renewed';
    const net = event === 'trial' ? 0 : Math.max(39, floor);
    const total = (net * 1.23).toFixed(2);
    const at = new Date(now).toISOString().slice(0, 19);
    const back = { refunded: [total], partly_refunded: ['5.00'] }[event] ?? [];
    const body = JSON.stringify(
      fillTemplate('woocommerce/templates/order.json', order, {
        order: isRenewal ? randomInt(1_000, 1_000_000_000) : Number(orderId),
        via: isRenewal ? 'subscription' : 'checkout',
        meta: [
          { id: 13106, key: 'licensee', value: name },
          ...(isRenewal ? [{ id: 13107, key: '_subscription_renewal', value: subscriptionOf(orderId) }] : []),
        ],
        number: orderId,
        status: STATUS[event],
        unpaid: event === 'unpaid',
        paidAt: event === 'unpaid' ? null : at,
        refunds: back.map((amount) => ({ id: Number(orderId) + 1, reason: '', total: `-${amount}` })),
        ...{ at, total },
        net: net.toFixed(2),
        price: net,
        tax: (Number(total) - net).toFixed(2),
      }),
    );
    return send(secret, 'order.updated', body, orderId);
  },

  /** https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders: the orders of the notifications. */
  orders(sold, { searchParams }) {
    const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('per_page'))];
    const all = sold.map(({ paid, refunded }) => refunded ?? paid).sort((one, other) => one.id - other.id);
    return all.slice((page - 1) * size, page * size);
  },
};

const subscriptionOf = (orderId: string) => `${Number(orderId) + 1_000_000_000}`;

/** The part of the subscription that Keypost reads: woocommerce-subscriptions-core, class-wc-rest-subscriptions-controller.php. */
const subscription = (orderId: string, now: number) =>
  JSON.stringify({
    id: Number(subscriptionOf(orderId)),
    parent_id: Number(orderId),
    status: 'active',
    trial_end_date_gmt: new Date(now + 14 * 86_400_000).toISOString().slice(0, 19),
  });

function send(secret: string, topic: string, body: string, orderId: string) {
  const [resource = '', event = ''] = topic.split('.');
  return postJson(orderId, body, {
    'user-agent': 'WooCommerce/10.4.0 Hookshot (WordPress/6.9)',
    'x-wc-webhook-source': 'https://shop.example.com/',
    'x-wc-webhook-topic': topic,
    'x-wc-webhook-resource': resource,
    'x-wc-webhook-event': event,
    'x-wc-webhook-signature': hmac(secret, 'base64', body),
    'x-wc-webhook-id': '5',
    'x-wc-webhook-delivery-id': randomBytes(16).toString('hex'),
  });
}
