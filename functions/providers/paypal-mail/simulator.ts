/** Mails a notification as in the samples, without an HTML part. */
import { randomBytes } from 'node:crypto';
import { fillTemplate, mailRequest, type Simulator } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid'],
  request(order, _secret, _options, now) {
    const id = order.id ?? randomBytes(9).toString('hex').slice(0, 17).toUpperCase();
    const paid = `€${Math.max(39, order.floor).toFixed(2)} EUR`;
    const [, day, month, year] = /^\w+, (\d+) (\w+) (\d+)/.exec(new Date(now).toUTCString()) ?? [];
    const date = `${month} ${Number(day)}, ${year}`;
    const payee = [order.mail?.payee].flat()[0];
    const lines = fillTemplate('paypal-mail/templates/mail.json', order, { order: id, paid, date, payee });
    const subject = 'Notification of payment received';
    return mailRequest(id, order, { domain: 'paypal.com', subject, lines });
  },
};
