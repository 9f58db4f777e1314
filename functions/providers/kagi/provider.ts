// Kagi's receipt, of which the seller got a copy. Kagi closed on 31 July 2016 and its domain has another owner, so the
// catalogue names the domain. Kagi's FAQ documents subject, suffixes and order of the parts; docs/providers/kagi.md.
import { mailChanged, parseAmount, sections } from '../../core/inbound/mail.ts';
import { type MailItem, mailStore } from '../../core/inbound/mail-store.ts';

const TABLE = 'Qty Product License Unit Total';
const COMMENT = 'Comments from the purchaser';
const LABELS = [
  'Kagi Transaction ID',
  'Date Processed',
  'Purchaser Name',
  'Purchaser Email',
  'Registration Name',
  'Payment Method',
  TABLE,
  'Total paid',
];

export const kagi = mailStore({
  name: 'kagi',
  domains: [],
  needsPayee: false,
  others: [],
  number: /\bKG-\d{4}-\d{4}-\d{5,}\b/,

  parse({ subject, lines: all }, _context) {
    // `*`: the buyer left a comment. `!`, `@`: Kagi knows no address of the buyer, so that the order is held.
    const [, suffix] = /^Thanks for your payment((?: ?[*!@])*)$/.exec(subject) ?? [];
    if (suffix === undefined) throw mailChanged('found another subject');
    const lines = all.map((line) => (line.replace(/\s+/g, ' ') === TABLE ? TABLE : line));
    const hasComment = lines.includes(`${COMMENT}:`);
    const { one, all: below } = sections(lines, hasComment ? [...LABELS, COMMENT] : LABELS);
    const [greeting = '', ...extra] = lines.slice(
      0,
      lines.findIndex((line) => line.startsWith(`${LABELS[0]}:`)),
    );
    if (!greeting || extra.some(Boolean)) throw mailChanged('found other lines before the order');
    const [total = '', ...tail] = below('Total paid');
    const [rule = '', ...rows] = below(TABLE);
    const comment = below(COMMENT);
    const quoted = comment.findIndex((line) => !line.startsWith('>'));
    // After the total come the comment, quoted, and blocks of free text, each below its title.
    const blocks = hasComment ? (quoted < 0 ? [] : comment.slice(quoted)) : tail;
    if (
      !/^-+( +-+){4}$/.test(rule) ||
      (hasComment && (tail.length > 0 || quoted === 0)) ||
      !isTitle(blocks[0])
    )
      throw mailChanged('found lines that are part of no table, comment or block');
    if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(\w+\)$/.test(one('Date Processed')))
      throw mailChanged('found a date of another form');
    const paid = parseAmount(total);
    if (!paid.currency) throw mailChanged('found a total that names no currency');
    const isReachable = !/[!@]/.test(suffix);
    const optional = (label: string) => (below(label).length === 0 ? undefined : one(label));
    const [, payee] = /on behalf of (.+?)\. The charge/.exec(blocks.join(' ')) ?? [];
    one('Payment Method');
    const counters = blocks.flatMap((line) => [...line.matchAll(/^SQNM-(\S+) (\d+)$/g)]);
    return {
      transactionId: one('Kagi Transaction ID'),
      registrationName: optional('Registration Name'),
      buyerName: one('Purchaser Name'),
      buyerEmail: isReachable ? one('Purchaser Email') : undefined,
      items: rows.map(parseRow),
      currency: paid.currency,
      total: paid.value,
      payee,
      hasComment,
      sequence: Object.fromEntries(counters.map(([, product, count]) => [product, Number(count)])),
    };
  },
});

const isTitle = (line: string | undefined) => line === undefined || /^-- .+ -+$/.test(line);

function parseRow(row: string): MailItem {
  const [quantity = '', product = '', license = '', unit = '', total = '', ...more] = row.split(/ {2,}|\t/);
  if (!/^\d{1,5}$/.test(quantity) || !total || more.length > 0)
    throw mailChanged('found a row of another form');
  const [unitPrice, lineTotal] = [parseAmount(unit).value, parseAmount(total).value];
  return { product, license, quantity: Number(quantity), unitPrice, lineTotal };
}
