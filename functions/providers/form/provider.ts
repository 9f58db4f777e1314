// Any shop that requests a serial with a form and prints our answer. docs/providers/form.md lists known shops with their
// options. The options only map names: a shop that needs more becomes a provider of its own.
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { form as parseForm, part, uniqueFields } from '../../core/inbound/body.ts';
import { ignoredEvent, isFree } from '../../core/inbound/event.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import type { Answer, WebhookRequest } from '../../core/inbound/request.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { multiply } from '../../core/order/money.ts';
import { Options, SECRET } from './options.ts';

export const form: Provider = {
  name: 'form',
  methods: ['POST', 'GET'],
  options: Options,
  statesPrice(_sku, options) {
    const { price, currency } = part(Options, options).fields;
    return price !== undefined && currency !== undefined;
  },

  verify(request, { keys, options }) {
    const { proof } = part(Options, options);
    if (proof === 'basic') return requireEqual(credentials(request), keys);
    if ('address' in proof)
      return requireEqual(parseForm(request.query).get(proof.address) ?? undefined, keys);
    // Latin-1 keeps the raw bytes, which are hashed whatever their charset is.
    const fields = fieldsOf(request, 'latin1');
    const expected = keys.map((key) => {
      const secret = Buffer.from(key).toString('latin1');
      const text = proof.of.map((field) => (field === SECRET ? secret : (fields.get(field) ?? ''))).join('');
      const small = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
      return createHash(proof.hash)
        .update(proof.inSmallLetters ? small : text, 'latin1')
        .digest('hex');
    });
    requireEqual(fields.get(proof.field)?.toLowerCase(), expected);
  },

  read(request, { options, licenseeField }) {
    const { about, kind, test, fields, mapped } = parseRequest(request, part(Options, options));
    if (!about) {
      const { id = '' } = part(Other, mapped);
      const type = s.maybe(s.id).parse(kind) ?? 'other';
      return ignoredEvent(type, { id, test, amount: priceIn(mapped) });
    }
    if (about !== 'sale') {
      if (about === 'refund' && isFree(priceIn(mapped))) return [];
      const reversal = { kind: about, state: about === 'refund' ? 'done' : 'open', part: 'full' } as const;
      return [{ kind: 'reversed', id: part(Order, mapped).id, test, reversalId: about, reversal }];
    }
    const { id, sku, quantity, price, currency, ...buyer } = part(Sale, mapped);
    const registration = s.customText(Object.fromEntries(fields), licenseeField);
    const each = s.moneyOf(price, currency);
    const paid = each && multiply(each, quantity ?? 1);
    const line = s.soldLine({ sku, quantity, paid, delivery: 'answer' });
    return [{ kind: 'paid', id, test, buyer: { ...buyer, registration }, lines: [line] }];
  },

  idIn: (request, { options }) => part(Order, parseRequest(request, part(Options, options)).mapped).id,

  /** Answers without a serial have an error status, since the shop prints the body of any 200 for the buyer. */
  answer(done, request, { options }) {
    const settings = part(Options, options);
    const { about, mapped } = parseRequest(request, settings);
    if (about && about !== 'sale') return { status: 200, body: '' };
    const { sku = '', quantity = 1 } = part(Sale, mapped);
    const issued = done.map((claim) => claim.issued?.get(sku)).find(Boolean);
    const format = settings.answer === 'kagi' ? formatForKagi : formatText;
    return format(issued?.serial, settings.answer === 'serial' ? 1 : quantity, issued?.licensee ?? '');
  },
};

function priceIn(mapped: unknown) {
  const { price, currency } = part(Other, mapped);
  return s.moneyOf(price, currency);
}

const formatText = (serial: string | undefined, copies: number): Answer =>
  serial ? { status: 200, body: Array(copies).fill(serial).join('\n') } : { status: 422, body: 'no serial' };

/** AquaticPrime and others answered Kagi in this format. */
function formatForKagi(serial: string | undefined, copies: number, licensee: string): Answer {
  const licences = `userName=${licensee}, regNumber=${serial}\r\n`.repeat(copies);
  const status = serial ? `GOOD, message=OK\r\n\r\n${licences}` : 'BAD, message=no serial\r\n\r\n';
  return { status: serial ? 200 : 422, body: `kagiRemotePostStatus=${status}`, type: 'text/text' };
}

/** Maps the shop's fields to Keypost's names. The values are not checked yet. */
function parseRequest(
  request: WebhookRequest,
  { about, test, charset, escapedTwice, fields: names }: Options,
) {
  const utf8 =
    typeof charset === 'object'
      ? fieldsOf(request, 'latin1').get(charset.field) === charset.utf8
      : charset === 'utf8';
  const fields = fieldsOf(request, utf8 ? 'utf8' : 'latin1', escapedTwice);
  const value = (field = '') => fields.get(field) || undefined;
  const { name = [], currency = '', ...others } = names;
  const mapped = {
    ...Object.fromEntries(Object.entries(others).map(([ours, field]) => [ours, value(field)])),
    name:
      [name]
        .flat()
        .flatMap((field) => value(field) ?? [])
        .join(' ') || undefined,
    currency: value(currency) ?? (/^[A-Z]{3}$/.test(currency) ? currency : undefined),
  };
  const isAbout = (kind: (typeof KINDS)[number]) =>
    about ? about[kind]?.includes(value(about.field) ?? '') : kind === 'sale';
  const words = test ? (value(test.field) ?? '').split(/[\s,;&|]+/) : [];
  return {
    about: KINDS.find(isAbout),
    kind: value(about?.field),
    test: test !== undefined && words.includes(test.word),
    fields,
    mapped,
  };
}

const KINDS = ['sale', 'refund', 'chargeback'] as const;

/** Returns the fields of query and body. Values that are encoded twice are bytes after the first decoding. */
function fieldsOf(
  { query, body }: WebhookRequest,
  charset: 'utf8' | 'latin1',
  twice = false,
): Map<string, string> {
  const once = uniqueFields(
    [query, body].flatMap((text) => [...parseForm(text, twice ? 'latin1' : charset)]),
  );
  const again = (value: string) => parseForm(`v=${value.replaceAll('&', '%26')}`, charset).get('v') ?? '';
  return twice ? new Map([...once].map(([field, value]) => [field, again(value)])) : once;
}

const credentials = ({ headers }: WebhookRequest) =>
  Buffer.from(headers.authorization?.replace(/^Basic +/i, '') ?? '', 'base64').toString();

const Order = z.object({ id: s.id });
const Other = z.object({ id: s.maybe(s.id), price: s.maybe(s.decimal), currency: s.maybe(s.currency) });
const Sale = z.extend(Order, {
  sku: s.maybe(s.sku),
  quantity: s.maybe(s.formQuantity),
  price: s.maybe(s.decimal),
  currency: s.maybe(s.currency),
  name: s.text,
  email: s.text,
  company: s.text,
  country: s.text,
});
