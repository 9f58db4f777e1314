// PayPal's mail "Notification of payment received", in English, as it is written today and as it was in 2008. The labels
// are those that public parsers of real mails read: docs/providers/paypal-mail.md. PayPal mails anybody whom an account
// names, so that only the payee shows whose sale it is.
import { type Mail, mailChanged, parseAmount, sections } from '../../core/inbound/mail.ts';
import { type MailItem, type MailOrder, mailStore } from '../../core/inbound/mail-store.ts';
import type { Context } from '../../core/inbound/provider.ts';

export const paypalMail = mailStore({
  name: 'paypal-mail',
  domains: ['paypal.com'],
  needsPayee: true,
  others: [],
  number: /\b[A-Z0-9]{17}\b/,

  parse(mail, context) {
    const [, sku, name] =
      /^Item #(.+) - Notification of payment received from (.+)$/.exec(mail.subject) ?? [];
    if (sku && name) return parseClassic(mail, sku, name);
    if (mail.subject === 'Notification of payment received') return parseModern(mail, context);
    throw mailChanged('found another subject');
  },
});

const COMMENT = 'Instructions to merchant';
const COLUMNS = ['Description', 'Unit price', 'Qty', 'Amount'];
const MODERN = [
  ...['Transaction ID', 'Transaction date', 'Buyer', COMMENT, 'Shipping information', ...COLUMNS],
  ...['Total', 'Payment', 'Invoice ID'],
];

function parseModern({ lines }: Mail, { knows }: Context): MailOrder {
  const { one, all } = sections(lines, MODERN, COMMENT);
  const [payment = '', sentTo = '', ...more] = all('Payment');
  const [, payee] = /^Payment sent to (\S+)$/.exec(sentTo) ?? [];
  const isEmpty = COLUMNS.slice(0, 3).every((label) => all(label).length === 0);
  if (!payee || more.length > 0 || !isEmpty || all('Shipping information').length === 0)
    throw mailChanged('found other lines below a label');
  const invoiceId = one('Invoice ID');
  if (!/^[A-Z][a-z]{2} \d{1,2}, \d{4}$/.test(one('Transaction date')))
    throw mailChanged('found another date');
  const total = requireSame(headlineOf(lines).amount, one('Total'), payment);
  const rows = all('Amount');
  const items: MailItem[] = [];
  for (let at = 0; at < rows.length; ) {
    const product = rows[at] ?? '';
    const [, sku] = /^Item# (.+)$/.exec(rows[at + 1] ?? '') ?? [];
    // The catalogue may list an item without a number by its title.
    if (!sku && !knows(product)) throw mailChanged('found no item number');
    at += sku ? 2 : 1;
    const [unit, quantity = '', line] = rows.slice(at, at + 3);
    items.push({
      ...{ sku, product, quantity: Number(/^\d{1,5}$/.exec(quantity)?.[0]) },
      ...{ unitPrice: amountIn(unit, total.currency), lineTotal: amountIn(line, total.currency) },
    });
    at += 3;
  }
  const order = { transactionId: one('Transaction ID'), ...buyerOf(lines, all('Buyer')), invoiceId };
  return { ...order, items, payee, ...totalOf(total) };
}

const CLASSIC = ['Total', 'Transaction ID', 'Quantity', 'Item/Product Name', 'Item/Product Number'];

function parseClassic({ lines }: Mail, sku: string, name: string): MailOrder {
  const { one, all } = sections(lines, [...CLASSIC, 'Buyer', 'Message', 'Description'], 'Message');
  const total = requireSame(headlineOf(lines).amount, one('Total'));
  const buyer = buyerOf(lines, all('Buyer'));
  if (one('Item/Product Number') !== sku || buyer.buyerName !== name || all('Description').length === 0)
    throw mailChanged('its subject and its text state different values');
  const quantity = Number(/^\d{1,5}$/.exec(one('Quantity'))?.[0]);
  const unitPrice = quantity === 1 ? total.value : undefined;
  const item = { sku, product: one('Item/Product Name'), quantity, unitPrice, lineTotal: total.value };
  return { transactionId: one('Transaction ID'), ...buyer, items: [item], ...totalOf(total) };
}

type Amount = ReturnType<typeof parseAmount>;
const totalOf = ({ value: total, currency }: Amount) => ({ total, currency });

/** The sentence that repeats amount and buyer. */
function headlineOf(lines: readonly string[]) {
  const [line, ...more] = lines.filter((one) => HEADLINE.test(one));
  const { amount = '', name = '', email = '' } = HEADLINE.exec(line ?? '')?.groups ?? {};
  if (more.length > 0 || !amount) throw mailChanged('found no sentence, or several, that states the payment');
  return { amount, name, email };
}

const HEADLINE =
  /\byou received a payment of (?<amount>\S+ [A-Z]{3}) from (?<name>.+) \((?<email>[^()\s]+)\)\.?$/i;

function buyerOf(lines: readonly string[], [name = '', email = '', ...more]: readonly string[]) {
  const headline = headlineOf(lines);
  if (more.length > 0 || headline.name !== name || headline.email !== email)
    throw mailChanged('it states different buyers');
  return { buyerName: name, buyerEmail: email };
}

function requireSame(first: string, ...others: readonly string[]): Amount {
  const total = parseAmount(first);
  if (!total.currency || others.some((text) => amountIn(text, total.currency) !== total.value))
    throw mailChanged('it states different totals');
  return total;
}

/** Throws `mail_changed` unless the amount is in this currency. */
function amountIn(text = '', currency: string | undefined): string {
  const amount = parseAmount(text);
  if (amount.currency !== currency) throw mailChanged('found amounts in different currencies');
  return amount.value;
}
