/** Mails a receipt as in the samples. */
import { randomInt } from 'node:crypto';
import { mailRequest, type Simulator } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid'],
  request(order, _secret, _options, now) {
    const at = new Date(now).toISOString();
    const id = order.id ?? `KG-${at.slice(0, 4)}-${at.slice(5, 7)}${at.slice(8, 10)}-${randomInt(1e6, 1e7)}`;
    const price = Math.max(39, order.floor).toFixed(2);
    const lines = [
      ...['Thank you for your purchase. This message is your receipt.', '', `Kagi Transaction ID: ${id}`],
      ...[
        `Date Processed: ${at.slice(0, 10)} ${at.slice(11, 19)} (Pacific)`,
        '',
        `Purchaser Name: ${order.name}`,
      ],
      ...[
        `Purchaser Email: ${order.email}`,
        `Registration Name: ${order.name}`,
        'Payment Method: Credit Card',
        '',
      ],
      ...[
        'Qty  Product        License      Unit     Total',
        '---  -------------  -----------  -------  -------',
      ],
      ...[`  1  ${order.sku}  Single User  ${price}  ${price}`, '', `Total paid: EUR ${price}`, ''],
    ];
    return mailRequest(id, order, { subject: 'Thanks for your payment', lines });
  },
};
