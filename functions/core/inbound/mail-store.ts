/** A provider whose orders arrive by mail. Its file extracts an order; the checks here are the same for all stores. */
import { add, atLeast, multiply } from '../order/money.ts';
import type { Money, Sale } from './event.ts';
import { headersOf, type Mail, mailChanged, parseMail } from './mail.ts';
import type { Context, Provider } from './provider.ts';
import { Rejection } from './rejection.ts';
import type { WebhookRequest } from './request.ts';
import { id } from './shapes.ts';

/** An order as the mail states it. Amounts are decimals. */
export interface MailOrder {
  readonly transactionId: string;
  readonly registrationName?: string | undefined;
  readonly buyerName?: string | undefined;
  readonly buyerEmail?: string | undefined;
  readonly company?: string | undefined;
  readonly country?: string | undefined;
  readonly items: readonly MailItem[];
  readonly currency?: string | undefined;
  readonly total?: string | undefined;
  readonly payee?: string | undefined;
  readonly invoiceId?: string | undefined;
  /** The store's counters by product, whose gaps show that a mail is lost. */
  readonly sequence?: Readonly<Record<string, number>> | undefined;
  readonly hasComment?: boolean | undefined;
}

export interface MailItem {
  /** The store's ID of the product. */
  readonly sku?: string | undefined;
  /** The title, which the catalogue may list as a SKU too. */
  readonly product?: string | undefined;
  readonly license?: string | undefined;
  readonly registrationName?: string | undefined;
  readonly quantity: number;
  readonly unitPrice?: string | undefined;
  readonly lineTotal?: string | undefined;
  /** The price of the line without the tax that is part of the total. */
  readonly subtotal?: string | undefined;
}

/** Says why a mail is no order to fulfil. */
type Ignored = 'other_mail' | 'no_order' | 'test_order';

interface Store extends Pick<Provider, 'name' | 'options' | 'statesPrice'> {
  /** The From domains; empty if the catalogue has to name them. */
  readonly domains: readonly string[];
  /** True if the catalogue has to name the seller's account, since the store also mails about sales of other accounts. */
  readonly needsPayee: boolean;
  /** Subjects of mails that are no orders. */
  readonly others: readonly string[];
  /** An order number of the store. */
  readonly number: RegExp;
  /** Throws `mail_changed` if the mail is not as the store's file describes. Undefined for a trial, preview or test. */
  parse(mail: Mail, context: Context): MailOrder | undefined;
}

export interface MailStore extends Provider, Pick<Store, 'domains' | 'needsPayee'> {
  readonly channel: 'mail';
  /** Parses a mail whose sender is not verified, for a person who tries a mail. */
  parseOrder(raw: Buffer, context: Context): Promise<MailOrder | Ignored>;
}

export function mailStore({ parse, others, number, ...store }: Store): MailStore {
  const isOrderLike = ({ lines, subject, html }: Mail) =>
    [subject, ...lines, html].some((line) => number.test(line) || /\p{Sc} ?\d|\d[.,]\d\d(?!\d)/u.test(line));
  const parseOrder = async (raw: Buffer, context: Context) => {
    const mail = await parseMail(raw);
    if ([...others, ...(context.mail?.ignore ?? [])].some((one) => wildcard(one).test(mail.subject)))
      return 'other_mail';
    if (!isOrderLike(mail)) return 'no_order';
    const order = parse(mail, context);
    if (!order) return 'test_order';
    requireAgreement(order, mail);
    return order;
  };
  return {
    ...store,
    channel: 'mail',
    parseOrder,
    async verify({ body, verdicts }, { mail }) {
      const { spam, virus, dmarc } = verdicts ?? {};
      const isClean = spam === 'PASS' && virus === 'PASS';
      const isSender = dmarc === 'PASS' && isFrom(body, mail?.from ?? store.domains);
      if (isClean && isSender) return;
      const isBad = spam === 'FAIL' || virus === 'FAIL';
      if (isSender || (!isBad && (await parseMail(body).then(isOrderLike, () => true))))
        throw new Rejection(
          'not_authentic',
          'found no proof that the store sent the mail; look the order up there before you release it',
        );
      throw new Rejection('junk', 'the mail is not from the store and names no order');
    },
    async read({ body }: WebhookRequest, context) {
      const order = await parseOrder(body, context);
      return typeof order === 'string' ? [] : [toSale(order, context)];
    },
  };
}

/** True if there is one From header, with one unambiguous address in a domain of the store. */
function isFrom(raw: Buffer, domains: readonly string[]): boolean {
  const [from = '', ...more] = headersOf(raw, 'from');
  const [, angle, bare = angle] = FROM.exec(from) ?? [];
  return more.length === 0 && bare !== undefined && domains.includes(bare.toLowerCase());
}

const ADDRESS = String.raw`[\w.+-]+@([a-z\d-]+(?:\.[a-z\d-]+)+)`;
const FROM = new RegExp(
  String.raw`^(?:(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:()\\]*) *<${ADDRESS}>|${ADDRESS})$`,
  'i',
);

/** Returns the pattern of a text in which `*` stands for any text. */
export const wildcard = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '.*')}$`, 'u');

/** Throws unless the values that a mail states twice agree, within its text and with its HTML. */
function requireAgreement({ items, total, ...order }: MailOrder, { lines, html }: Mail): void {
  if (!id.safeParse(order.transactionId).success) throw mailChanged('found an order number of another form');
  if (items.length === 0) throw mailChanged('found no item');
  for (const { quantity, unitPrice, lineTotal } of items) {
    if (!(quantity >= 1 && quantity <= 10_000))
      throw mailChanged('found a quantity that is no number from 1 to 10000');
    if (unitPrice && lineTotal && !isEqual(multiply(moneyOf(unitPrice), quantity), moneyOf(lineTotal)))
      throw mailChanged('quantity and unit price do not make the total of the line');
  }
  const sum = items.map(priceOf).reduce((all, price) => all && price && add(all, price), moneyOf('0'));
  const isNet = items.some(({ subtotal }) => subtotal !== undefined);
  // No tax is higher than 30 %: a larger difference is a line that the mail does not show.
  const isPaid = (paid: Money, due: Money) =>
    isNet ? isAtLeast(paid, due) && isAtLeast(multiply(due, 13), multiply(paid, 10)) : isEqual(paid, due);
  if (total && sum && !isPaid(moneyOf(total), sum)) throw mailChanged('the lines do not add up to the total');
  if (!html) return;
  const text = lines.join(' ');
  const { transactionId, buyerName, registrationName, buyerEmail } = order;
  const names = [transactionId, buyerName, registrationName, buyerEmail];
  const values = [...names, total, ...items.map(({ sku }) => sku)];
  const others = (html.match(TOKEN) ?? []).filter((token) => !text.includes(token));
  const timesIn = (whole: string, value = '') =>
    Math.min(2, whole.split(value.replace(/\s+/g, ' ')).length - 1);
  if (others.length > 0 || values.some((value) => value && timesIn(html, value) < timesIn(text, value)))
    throw mailChanged('its text and its HTML state different values');
}

/** Amounts, addresses and long numbers. */
const TOKEN = /\d[\d,]*[.,]\d\d(?!\d)|[\w.+-]+@[\w.-]+\w|\b[A-Z\d]{12,}\b/g;

function priceOf({ quantity, unitPrice, lineTotal, subtotal }: MailItem): Money | undefined {
  const price = lineTotal ?? subtotal;
  if (price) return moneyOf(price);
  return unitPrice === undefined ? undefined : multiply(moneyOf(unitPrice), quantity);
}

const moneyOf = (value: string, currency = '') => ({ value, currency });
const isAtLeast = (one: Money, other: Money) => atLeast([one], other);
const isEqual = (one: Money, other: Money) => isAtLeast(one, other) && isAtLeast(other, one);

/** Takes the title of an item for its SKU if the catalogue lists only that. */
const skuOf = ({ sku, product = '' }: MailItem, { knows }: Pick<Context, 'knows'>): string =>
  sku === undefined || (!knows(sku) && knows(product)) ? product : sku;

export function toSale({ items, total, currency, payee, ...order }: MailOrder, context: Context): Sale {
  const { transactionId, buyerName, buyerEmail, registrationName, company, country } = order;
  const payees = [context.mail?.payee ?? []].flat().map((one) => one.toLowerCase());
  const isOurs = !payee || payees.length === 0 || payees.includes(payee.toLowerCase());
  return {
    kind: 'paid',
    id: transactionId,
    test: false,
    amount: total && currency ? moneyOf(total, currency) : undefined,
    buyer: { name: buyerName, email: buyerEmail, registration: registrationName, company, country },
    lines: items.map((item) => {
      const price = priceOf(item);
      const paid = price && currency ? { ...price, currency } : undefined;
      return {
        sku: skuOf(item, context),
        quantity: item.quantity,
        paid,
        held: isOurs ? undefined : 'wrong_payee',
      };
    }),
  };
}
