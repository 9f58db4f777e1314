/** Mails a notification as in the samples, without an HTML part. */
import { randomBytes } from 'node:crypto';
import { mailRequest, type Simulator } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid'],
  request(order, _secret, _options, now) {
    const { sku, name, email } = order;
    const id = order.id ?? randomBytes(9).toString('hex').slice(0, 17).toUpperCase();
    const paid = `€${Math.max(39, order.floor).toFixed(2)} EUR`;
    const [, day, month, year] = /^\w+, (\d+) (\w+) (\d+)/.exec(new Date(now).toUTCString()) ?? [];
    const date = `${month} ${Number(day)}, ${year}`;
    const lines = [
      ...['Hello, Seller', `You received a payment of ${paid} from ${name} (${email})`, 'Transaction ID', id],
      ...['Transaction date', date, 'Buyer', name, email, 'Instructions to merchant', 'None given'],
      ...['Shipping information', 'Not required', 'Description', 'Unit price', 'Qty', 'Amount', sku],
      ...[`Item# ${sku}`, paid, '1', paid, 'Total', paid, 'Payment', paid],
      ...[`Payment sent to ${[order.mail?.payee].flat()[0]}`, 'Invoice ID', `SIM-${id}`],
    ];
    return mailRequest(id, order, {
      domain: 'paypal.com',
      subject: 'Notification of payment received',
      lines,
    });
  },
};
