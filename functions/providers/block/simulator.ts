/** Mails the labels of the catalogue's options. */
import { randomInt } from 'node:crypto';
import { mailRequest, type Simulator } from '../simulator.ts';
import { Options } from './provider.ts';

export const simulator: Simulator = {
  events: ['paid'],
  request(order, _secret, unchecked) {
    const options = Options.parse(unchecked);
    const { subject, begin, end, separator, labels, items } = options;
    const id = order.id ?? `SIM-${randomInt(100_000, 999_999)}`;
    const price = Math.max(39, order.floor).toFixed(2);
    const [firstName = '', ...lastNames] = order.name.split(' ');
    const values: Readonly<Record<string, string>> = {
      ...{ transactionId: id, registrationName: order.name, buyerName: order.name, firstName },
      ...{ lastName: lastNames.join(' '), buyerEmail: order.email, company: order.company, country: 'DE' },
      ...{ currency: 'EUR', total: price, payee: [order.mail?.payee].flat()[0] ?? '', sku: order.sku },
      ...{ quantity: '1', unitPrice: price, lineTotal: price, subtotal: price },
    };
    const textFor = (use: (typeof labels)[string]) =>
      typeof use === 'object' ? (use.sale[0] ?? '') : (values[use] ?? '');
    const linesOf = (table: typeof labels) =>
      Object.entries(table).map(([label, use]) => `${label}${separator} ${textFor(use)}`);
    const inColumns = items && 'label' in items ? items : undefined;
    const lines = [
      ...[begin, ...linesOf(labels)],
      ...(inColumns
        ? [`${inColumns.label}${separator} ${inColumns.columns.map(textFor).join(` ${inColumns.between} `)}`]
        : []),
      ...(items && 'heading' in items ? [items.heading.replace('*', '1'), ...linesOf(items.labels)] : []),
      ...(end ? [end] : []),
    ];
    return mailRequest(id, order, { subject: subject.replace('{transactionId}', id), lines });
  },
};
