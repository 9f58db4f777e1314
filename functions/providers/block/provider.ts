// Any store whose mail has one `label: value` in a line: a template that the seller writes, or a regular mail. The
// catalogue lists every label, so that a changed template is held: docs/providers/block.md has tables of known stores.
import * as z from 'zod/mini';
import { part } from '../../core/inbound/body.ts';
import { mailChanged, parseAmount } from '../../core/inbound/mail.ts';
import { type MailItem, mailStore, wildcard } from '../../core/inbound/mail-store.ts';
import { joinName } from '../../core/inbound/shapes.ts';

const line = z.string().check(z.regex(/^\S(?:.*\S)?$/, 'text in one line, no space around it'));
const PRICES = ['unitPrice', 'lineTotal', 'subtotal'] as const;
const TEXTS = [
  ...['transactionId', 'registrationName', 'buyerName', 'firstName', 'lastName', 'buyerEmail', 'company'],
  ...['country', 'currency', 'payee', 'total', 'sku', 'product', 'license', 'quantity', 'unused', 'comment'],
] as const;
/** A field of the order, or the values of a sale and those of other mails. Below `comment` is the buyer's text. */
const Use = z.union([
  z.enum([...TEXTS, ...PRICES]),
  z.strictObject({ sale: z.array(line), ignore: z._default(z.array(line), []) }),
]);
const Labels = z.record(line, Use);

/** As BlockOptions in ../settings.ts describes them. */
export const Options = z.strictObject({
  subject: line,
  begin: line,
  end: z.optional(line),
  separator: z._default(z.enum([':', '=']), ':'),
  labels: Labels,
  optional: z._default(z.array(line), []),
  items: z.optional(
    z.union([
      z.strictObject({ label: line, columns: z.array(Use), between: z._default(line, '|') }),
      z.strictObject({ heading: line, labels: Labels }),
    ]),
  ),
});
type Options = z.output<typeof Options>;

export const block = mailStore({
  name: 'block',
  domains: [],
  needsPayee: false,
  others: [],
  number: /$^/, // Every order states an amount, which tells it from other mails.
  options: Options,
  statesPrice(_sku, unchecked) {
    const { labels, items } = part(Options, unchecked);
    const uses = [...Object.values(labels), ...Object.values(itemLabels(items))];
    return PRICES.some((price) => uses.includes(price));
  },

  parse({ subject, lines }, context) {
    const options = part(Options, context.options);
    const [order = {}, ...items] = readLabels(lines, options);
    const { transactionId = '', firstName, lastName, total, buyerEmail, company, country, payee } = order;
    // An order number with a `*` would fit other subjects.
    const expected = options.subject.replace('{transactionId}', transactionId.replaceAll('*', ''));
    if (!wildcard(expected).test(subject)) throw mailChanged('found another subject');
    const names = new Set([order, ...items].flatMap(({ registrationName = [] }) => registrationName));
    if (names.size > 1) throw mailChanged('found several names for one order');
    if ([order, ...items].some(({ isIgnored }) => isIgnored)) return undefined;
    const amounts = [order, ...items].flatMap((one) => [one.total, ...PRICES.map((price) => one[price])]);
    const currency =
      order.currency ?? amounts.map((text) => text && parseAmount(text).currency).find(Boolean);
    return {
      ...{
        transactionId,
        registrationName: [...names][0],
        buyerName: order.buyerName ?? joinName(firstName, lastName),
      },
      ...{ buyerEmail, company, country, currency, payee },
      total: total === undefined ? undefined : amountIn(total, currency),
      items: (items.length > 0 ? items : [order]).map((item) => toItem(item, currency)),
    };
  },
});

type Values = { [Field in (typeof TEXTS)[number] | (typeof PRICES)[number]]?: string } & {
  isIgnored?: true;
};

const itemLabels = (items: Options['items']): z.output<typeof Labels> => {
  if (!items || 'labels' in items) return items?.labels ?? {};
  return Object.fromEntries(items.columns.map((use, at) => [`${items.label} ${at}`, use]));
};

/** Returns the values of the order, then those of each item. Each label occurs once, and every line has one. */
function readLabels(all: readonly string[], options: Options): Values[] {
  const { labels, optional, separator, items } = options;
  const ofItem = itemLabels(items);
  const scopes: [label: string, value: string][][] = [[]];
  for (const text of between(all, options)) {
    if (items && 'heading' in items && wildcard(items.heading).test(text)) {
      scopes.push([]);
      continue;
    }
    const at = text.indexOf(separator);
    const [label, value] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1).trim()];
    if (items && 'label' in items && items.label === label)
      scopes.push(value.split(items.between).map((cell, column) => [`${label} ${column}`, cell.trim()]));
    else scopes.at(Object.hasOwn(ofItem, label) ? -1 : 0)?.push([label, value]);
  }
  return scopes.map((pairs, scope) => {
    const expected = scope === 0 ? labels : ofItem;
    const values: Values = {};
    for (const [label, value] of pairs) {
      const use = Object.hasOwn(expected, label) ? expected[label] : undefined;
      if (use === undefined) throw mailChanged('found a line without a known label');
      if (typeof use === 'object') {
        if (![...use.sale, ...use.ignore].includes(value))
          throw mailChanged(`found a value of ${JSON.stringify(label)} that the catalogue does not list`);
        if (use.ignore.includes(value)) values.isIgnored = true;
      } else if (value && use !== 'unused' && use !== 'comment') {
        if ((values[use] ?? value) !== value) throw mailChanged(`it states two values of ${use}`);
        values[use] = value;
      }
    }
    const missing = Object.keys(expected).find(
      (label) => !optional.includes(label) && !pairs.some(([one]) => one === label),
    );
    if (missing !== undefined) throw mailChanged(`found no label ${JSON.stringify(missing)}`);
    if (new Set(pairs.map(([label]) => label)).size < pairs.length) throw mailChanged('found a label twice');
    return values;
  });
}

/** The lines between the markers, up to the buyer's comment. */
function between(all: readonly string[], { begin, end, labels, separator }: Options): readonly string[] {
  const count = (marker: string | undefined) => all.filter((text) => text === marker).length;
  const [from, to] = [all.indexOf(begin), end === undefined ? all.length : all.indexOf(end)];
  if (count(begin) !== 1 || (end !== undefined && count(end) !== 1) || to < from)
    throw mailChanged('found no pair of markers, or several');
  const lines = all.slice(from + 1, to).filter(Boolean);
  const [comment] = Object.entries(labels).find(([, use]) => use === 'comment') ?? [];
  const isComment = (text: string) => comment !== undefined && text.startsWith(`${comment}${separator}`);
  const at = lines.findIndex(isComment);
  if (at !== lines.findLastIndex(isComment)) throw mailChanged('found two comments');
  return at < 0 ? lines : lines.slice(0, at + 1);
}

function toItem(
  { sku, product, license, registrationName, quantity = '1', ...item }: Values,
  currency?: string,
): MailItem {
  if (!/^\d{1,5}$/.test(quantity) || !(sku ?? product)) throw mailChanged('found an item of another form');
  const prices = PRICES.map((name) => [name, item[name] && amountIn(item[name], currency)]);
  return {
    sku,
    product,
    license,
    registrationName,
    quantity: Number(quantity),
    ...Object.fromEntries(prices),
  };
}

/** The currency is a label of its own, or part of each amount, or both alike. */
function amountIn(text: string, currency: string | undefined): string {
  const amount = parseAmount(text);
  if (amount.currency && amount.currency !== currency) throw mailChanged('found another currency');
  return amount.value;
}
