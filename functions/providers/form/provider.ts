// Any shop that asks for a serial with a form and prints our answer; docs/providers/form.md has those we know, as examples of
// the catalogue. It is a mapping of names: a provider that needs more than this gets a file.
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { part, form as split } from '../../core/inbound/body.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import type { Answer, WebhookRequest } from '../../core/inbound/request.ts';
import { requireEqual } from '../../core/inbound/signature.ts';
import { DECIMAL, multiply } from '../../core/order/money.ts';
import { Options, SECRET } from './options.ts';

export const form: Provider = {
  methods: ['POST', 'GET'],
  options: Options,
  statesPrice(_sku, options) {
    const { price, currency } = part(Options, options).fields;
    return price !== undefined && currency !== undefined;
  },

  verify(request, { keys, options }) {
    const { proof } = part(Options, options);
    if (proof === 'basic') return requireEqual(credentials(request), keys);
    if ('address' in proof) return requireEqual(split(request.query).get(proof.address) ?? undefined, keys);
    // Of the bytes, whatever their charset.
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
    const { about, test, fields, mapped } = said(request, part(Options, options));
    if (!about) return [];
    if (about !== 'sale') {
      const reversal = { kind: about, state: about === 'refund' ? 'done' : 'open', part: 'full' } as const;
      return [{ kind: 'reversed', id: part(Order, mapped).id, test, reversalId: about, reversal }];
    }
    const { id, sku, quantity, price, currency, ...buyer } = part(Sale, mapped);
    const registration = part(text, fields.get(licenseeField) || undefined);
    const paid = price && currency ? multiply({ value: price, currency }, quantity) : undefined;
    const line = { sku, quantity, paid, delivery: 'answer' } as const;
    return [{ kind: 'paid', id, test, buyer: { ...buyer, registration }, lines: [line] }];
  },

  /** Without a serial a failure: whatever comes with 200 is printed for the buyer. */
  answer(done, request, { options }) {
    const settings = part(Options, options);
    const { about, mapped } = said(request, settings);
    if (about && about !== 'sale') return { status: 200, body: '' };
    const { sku: wanted, quantity } = part(Sale, mapped);
    const standing = done.flatMap(({ order }) => (STANDING.includes(order.status) ? order.lines : []));
    const line = standing.find(({ sku }) => sku === wanted);
    const print = settings.answer === 'kagi' ? asKagiRead : asText;
    return print(
      line?.serial ?? undefined,
      settings.answer === 'serial' ? 1 : quantity,
      line?.licensee ?? '',
    );
  },
};

const STANDING: readonly string[] = ['paid', 'partly_refunded'];

const asText = (serial: string | undefined, copies: number): Answer =>
  serial ? { status: 200, body: Array(copies).fill(serial).join('\n') } : { status: 422, body: 'no serial' };

/** As AquaticPrime and others answered it. */
function asKagiRead(serial: string | undefined, copies: number, licensee: string): Answer {
  const licences = `userName=${licensee}, regNumber=${serial}\r\n`.repeat(copies);
  const told = serial ? `GOOD, message=OK\r\n\r\n${licences}` : 'BAD, message=no serial\r\n\r\n';
  return { status: serial ? 200 : 422, body: `kagiRemotePostStatus=${told}`, type: 'text/text' };
}

/** The request in our words, none of them read yet. */
function said(request: WebhookRequest, { about, test, charset, escapedTwice, fields: names }: Options) {
  const told = typeof charset === 'object' ? fieldsOf(request, 'latin1').get(charset.field) : undefined;
  const utf8 = typeof charset === 'object' ? told === charset.utf8 : charset === 'utf8';
  const fields = fieldsOf(request, utf8 ? 'utf8' : 'latin1', escapedTwice);
  const value = (of = '') => fields.get(of) || undefined;
  const { name = [], currency = '', ...others } = names;
  const mapped = {
    ...Object.fromEntries(Object.entries(others).map(([what, of]) => [what, value(of)])),
    name:
      [name]
        .flat()
        .flatMap((of) => value(of) ?? [])
        .join(' ') || undefined,
    currency: value(currency) ?? (/^[A-Z]{3}$/.test(currency) ? currency : undefined),
  };
  const isAbout = (kind: (typeof KINDS)[number]) =>
    about ? about[kind]?.includes(value(about.field) ?? '') : kind === 'sale';
  const words = test ? (value(test.field) ?? '').split(/[\s,;&|]+/) : [];
  return {
    about: KINDS.find(isAbout),
    test: test !== undefined && words.includes(test.word),
    fields,
    mapped,
  };
}

const KINDS = ['sale', 'refund', 'chargeback'] as const;

/** Escaped twice, they are bytes in between. */
function fieldsOf(
  { query, body }: WebhookRequest,
  charset: 'utf8' | 'latin1',
  twice = false,
): Map<string, string> {
  const pairs = [query, body].flatMap((text) => [...split(text, twice ? 'latin1' : charset)]);
  if (new Set(pairs.map(([field]) => field)).size < pairs.length)
    throw new Rejection('bad_body', 'the form has a field more than once');
  const again = (value: string) => split(`v=${value.replaceAll('&', '%26')}`, charset).get('v') ?? '';
  return new Map(twice ? pairs.map(([field, value]) => [field, again(value)]) : pairs);
}

const credentials = ({ headers }: WebhookRequest) =>
  Buffer.from(headers.authorization?.replace(/^Basic +/i, '') ?? '', 'base64').toString();

const text = z.optional(z.string().check(z.maxLength(1000)));
const Order = z.object({ id: z.string().check(z.regex(/^[\x20-\x7e]{1,100}$/)) });
const Sale = z.extend(Order, {
  sku: z.string().check(z.maxLength(200)),
  quantity: z.pipe(z._default(z.string().check(z.regex(/^[1-9]\d{0,3}$/)), '1'), z.transform(Number)),
  price: z.optional(z.string().check(z.regex(DECIMAL))),
  currency: z.optional(z.string().check(z.regex(/^[A-Z]{3}$/))),
  name: text,
  email: text,
  company: text,
  country: text,
});
