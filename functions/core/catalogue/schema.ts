/**
 * The schema of the catalogue. `settings.ts` explains each field. Each message states what is expected; `mistakes.ts` makes
 * sentences of them.
 */
import * as z from 'zod/mini';
import type { Provider } from '../inbound/provider.ts';
import { toMailbox } from '../mail/address.ts';
import { DECIMAL } from '../order/money.ts';
import { Serial } from '../serial/kinds.ts';
import { fields } from '../serial/profile.ts';
import { instructions, legal, link, ownWords, subject } from './mail-texts.ts';

const OWN = 'a provider: { name, verify(request, context), read(request, context) }';
const ADDRESS = 'an address like orders@example.com';

/** Names index plain objects, and the pattern matches one property that every object inherits. */
const id = text(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens').check(
  z.refine((name) => name !== 'constructor', 'another name; JavaScript reserves this one'),
);
/** Keypost's own items have keys with these prefixes. */
const RESERVED = ['batch', 'codes', 'cursor', 'hand', 'held', 'keys', 'lease', 'notice', 'request'];
const provider = id.check(
  z.refine((name) => !RESERVED.includes(name), `another name; Keypost reserves ${RESERVED.join(', ')}`),
);
const line = text(
  /^(?!\s)[^\p{Cc}]{1,200}(?<!\s)$/u,
  'text in one line, at most 200 characters, no space around it',
);
const skus = z.array(line, "a list of SKUs, like ['widget-1']");
const mailbox = z
  .string(ADDRESS)
  .check(z.refine((received) => toMailbox(received) === received, { error: describeAddress }));

const CURRENCY = /^[A-Z]{3}$/;
const CURRENCIES = 'a currency in three capital letters, like EUR';
const amount = text(DECIMAL, "an amount in quotes, like '10.00'");
const amounts = z.record(text(CURRENCY, CURRENCIES), amount);
const floorEntry = z.union([amount, amounts], {
  error: ({ input }) =>
    typeof input === 'object'
      ? "amounts in quotes by currency, like { EUR: '10.00' }"
      : "an amount in quotes, like '10.00'",
});
const domain = text(/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/, 'a domain in small letters, like example.com');

const FILE_NAME = "a file name, like 'widget.licence', or true";

const ProviderSettings = fields({
  testOrders: z._default(z.enum(['ignore', 'seller']), 'ignore'),
  ignore: z._default(skus, []),
  licenseeField: z._default(line, 'licensee'),
  as: z.optional(id),
  use: z.optional(z.custom<Provider>(isProvider, OWN)),
  orders: z.optional(provider),
  options: z._default(z.record(z.string(), z.unknown()), {}),
  mail: z.optional(
    fields({
      to: mailbox,
      from: z.optional(nonEmptyList(z.array(domain, "a list of domains, like ['example.com']"))),
      payee: z.optional(z.union([line, nonEmptyList(z.array(line))], 'the name or address of your account')),
      ignore: z._default(z.array(line), []),
    }),
  ),
});

const Product = fields({
  name: line,
  serial: Serial,
  licensee: z._default(nonEmptyList(z.array(z.enum(['registration', 'person', 'company']))), [
    'registration',
    'person',
  ]),
  skus: nonEmptyRecord(z.record(id, nonEmptyList(skus), "SKUs by provider, like { shop: ['widget-1'] }")),
  floor: z.optional(
    nonEmptyRecord(
      z.record(z.string(), floorEntry, "amounts by currency, like { EUR: '10.00' }").check((ctx) => {
        for (const [key, one] of Object.entries(ctx.value))
          if (typeof one === 'string' && !CURRENCY.test(key))
            ctx.issues.push({ code: 'custom', path: [key], input: key, message: CURRENCIES });
      }),
    ),
  ),
  trial: z.optional(z.literal('serial', "'serial', or nothing")),
  mail: z.optional(
    fields({
      subject: z.optional(subject),
      file: z.optional(z.union([z.literal(true), text(/^\w[\w .-]{0,99}$/, FILE_NAME)], FILE_NAME)),
      instructions: z.optional(instructions),
      download: z.optional(link),
      help: z.optional(link),
      activate: z.optional(link),
    }),
  ),
});

export const Settings = fields({
  seller: fields({
    name: line,
    from: mailbox,
    replyTo: mailbox,
    alarms: mailbox,
    locale: z._default(text(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'a BCP 47 tag like en or de-AT'), 'en'),
    imprint: z.optional(legal),
    privacy: z.optional(legal),
    logo: z.optional(text(/^https:\/\/[^\s"<>]+$/, 'an address like https://example.com/logo.png')),
    accent: z.optional(text(/^#[0-9a-fA-F]{6}$/, 'a colour like #0a7c4f')),
    words: z.optional(ownWords),
    identity: z._default(
      z.union(
        [z.enum(['records', 'existing']), fields({ zone: fields({ id: line, name: line }) })],
        "'records', 'existing', or { zone: { id: 'Z…', name: 'example.com' } }",
      ),
      'records',
    ),
  }),
  providers: nonEmptyRecord(z.record(provider, ProviderSettings, 'settings by provider, like { shop: {} }')),
  products: nonEmptyRecord(
    z.record(id, Product, "products by a name of yours, like { 'widget-mac': { … } }"),
  ),
  stack: z.optional(text(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'letters, digits and hyphens, like KeypostTwo')),
  protect: z.optional(z.boolean()),
  dashboard: z.optional(z.boolean()),
  api: z.optional(
    fields({
      domain: text(/^(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/, 'a domain like hooks.example.com'),
      certificate: text(/^arn:aws[\w-]*:acm:/, 'the ARN of a certificate, like arn:aws:acm:…'),
    }),
  ),
  pages: z.optional(
    fields({
      domain: z.optional(z.literal('aws', "'aws', or nothing")),
      codes: z._default(z.boolean(), true),
      corrections: z._default(z.boolean(), true),
      rename: z.optional(z.literal('once', "'once', or nothing")),
    }),
  ),
  runbook: z.optional(line),
});

function text(pattern: RegExp, what: string) {
  return z.string(what).check(z.regex(pattern, what));
}

function nonEmptyList<List extends z.ZodMiniArray>(list: List) {
  return list.check(z.minLength(1, 'at least one'));
}

function nonEmptyRecord<Table extends z.ZodMiniRecord>(table: Table) {
  return table.check(z.refine((entries) => Object.keys(entries).length > 0, 'at least one'));
}

export function isProvider(value: unknown): value is Provider {
  if (typeof value !== 'object' || value === null) return false;
  const typeOf = (field: string) => typeof Reflect.get(value, field);
  return typeOf('name') === 'string' && typeOf('verify') === 'function' && typeOf('read') === 'function';
}

function describeAddress({ input }: { readonly input?: unknown }): string {
  const corrected = toMailbox(String(input));
  return corrected ? JSON.stringify(corrected) : ADDRESS;
}
