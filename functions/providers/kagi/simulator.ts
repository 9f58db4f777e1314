/** Mails a receipt as in the samples. */
import { randomInt } from 'node:crypto';
import { fillTemplate, mailRequest, type Simulator } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid'],
  request(order, _secret, _options, now) {
    const at = new Date(now).toISOString();
    const id = order.id ?? `KG-${at.slice(0, 4)}-${at.slice(5, 7)}${at.slice(8, 10)}-${randomInt(1e6, 1e7)}`;
    const price = Math.max(39, order.floor).toFixed(2);
    const day = `${at.slice(0, 10)} ${at.slice(11, 19)}`;
    const lines = fillTemplate('kagi/templates/receipt.json', order, { order: id, day, price });
    return mailRequest(id, order, { subject: 'Thanks for your payment', lines });
  },
};
