/** The schema of the catalogue. Each message states what is expected; `mistakes.ts` makes sentences of them. */
import * as z from 'zod/mini';
import type { Provider } from '../inbound/provider.ts';
import { toMailbox } from '../mail/address.ts';
import { DECIMAL } from '../order/money.ts';
import { Serial } from '../serial/kinds.ts';
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
  /** Test orders are ignored, or processed with the mail sent to the seller. */
  testOrders: z._default(z.enum(['ignore', 'seller']), 'ignore'),
  /** SKUs sold in the same shop that Keypost does not handle. */
  ignore: z._default(skus, []),
  /** The provider's name for the field with the licence name. */
  licenseeField: z._default(line, 'licensee'),
  /** The built-in provider, if the entry has another name: for two shops of one kind, for instance. */
  as: z.optional(id),
  /** A provider of the seller's own, instead of a built-in one. */
  use: z.optional(z.custom<Provider>(isProvider, OWN)),
  /** The provider whose orders it shares: a licence call and its webhook, for instance. */
  orders: z.optional(provider),
  /** Options of this provider only, without secrets: see docs/providers. */
  options: z._default(z.record(z.string(), z.unknown()), {}),
  /** For a store whose orders arrive by mail: docs/providers/mail-stores.md. */
  mail: z.optional(
    fields({
      /** The address that only this store's mails go to, in a domain that receives through SES. */
      to: mailbox,
      /** The domains of its From addresses: compulsory unless the store's file has them. */
      from: z.optional(nonEmptyList(z.array(domain, "a list of domains, like ['example.com']"))),
      /** Your accounts as the mails print them: a payment to any other is held. */
      payee: z.optional(z.union([line, nonEmptyList(z.array(line))], 'the name or address of your account')),
      /** Subjects of the store's other mails, with `*` for any text: they are counted, and not held. */
      ignore: z._default(z.array(line), []),
    }),
  ),
});

const Product = fields({
  /** The name that buyers know. */
  name: line,
  /** The way the app checks a serial. */
  serial: Serial,
  /** The serial is made from the first of these that the order has. */
  licensee: z._default(nonEmptyList(z.array(z.enum(['registration', 'person', 'company']))), [
    'registration',
    'person',
  ]),
  /** The product's SKUs by provider. */
  skus: nonEmptyRecord(z.record(id, nonEmptyList(skus), "SKUs by provider, like { shop: ['widget-1'] }")),
  /**
   * The lowest accepted price of one copy by currency, tax included. A lower price or another currency is held. Below the
   * name of a provider or a SKU: the amounts that replace these for its sales.
   */
  floor: z.optional(
    nonEmptyRecord(
      z.record(z.string(), floorEntry, "amounts by currency, like { EUR: '10.00' }").check((ctx) => {
        for (const [key, one] of Object.entries(ctx.value))
          if (typeof one === 'string' && !CURRENCY.test(key))
            ctx.issues.push({ code: 'custom', path: [key], input: key, message: CURRENCIES });
      }),
    ),
  ),
  /** `serial`: a subscription's trial gets its serial at the start. By default the serial waits for the first payment. */
  trial: z.optional(z.literal('serial', "'serial', or nothing")),
  /** Texts for all languages, or by language. Each may contain {name}, {serial}, {product} and {order}. */
  mail: z.optional(
    fields({
      /** The subject. In a mail with several products, the first product that has one sets it. */
      subject: z.optional(subject),
      /** Attaches the serial as a file that the app can open: its name, or true for licence.txt. */
      file: z.optional(z.union([z.literal(true), text(/^\w[\w .-]{0,99}$/, FILE_NAME)], FILE_NAME)),
      /** Plain text that replaces the instructions for entering the serial; blank lines separate paragraphs. */
      instructions: z.optional(instructions),
      download: z.optional(link),
      help: z.optional(link),
      /** A link that the app opens: `widgetpro://activate?name={name}&serial={serial}`. */
      activate: z.optional(link),
    }),
  ),
});

export const Settings = fields({
  seller: fields({
    /** The sender's name, also used as the signature of a mail. */
    name: line,
    /** The sender of every mail; SES has to verify the address or its domain. */
    from: mailbox,
    /** The recipient of buyers' replies. */
    replyTo: mailbox,
    /** The recipient of alarms and of test orders' mails. */
    alarms: mailbox,
    /** The language of a mail whose buyer's language is unknown, or not one of Keypost's: BCP 47. */
    locale: z._default(text(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'a BCP 47 tag like en or de-AT'), 'en'),
    /** Below every mail: your address as the law requires it, and how you treat data. A text or an https address. */
    imprint: z.optional(legal),
    privacy: z.optional(legal),
    /** The picture above every mail. */
    logo: z.optional(text(/^https:\/\/[^\s"<>]+$/, 'an address like https://example.com/logo.png')),
    /** The colour of buttons. */
    accent: z.optional(text(/^#[0-9a-fA-F]{6}$/, 'a colour like #0a7c4f')),
    /** Sentences of the mails in your own words, by language: docs/mail.md lists them. */
    words: z.optional(ownWords),
    /** Proof of the sender's domain for SES: records to copy (the default), a Route 53 zone, or an existing identity. */
    identity: z._default(
      z.union(
        [z.enum(['records', 'existing']), fields({ zone: fields({ id: line, name: line }) })],
        "'records', 'existing', or { zone: { id: 'Z…', name: 'example.com' } }",
      ),
      'records',
    ),
  }),
  /** The enabled providers; requests of any other are refused. */
  providers: nonEmptyRecord(z.record(provider, ProviderSettings, 'settings by provider, like { shop: {} }')),
  products: nonEmptyRecord(
    z.record(id, Product, "products by a name of yours, like { 'widget-mac': { … } }"),
  ),
  /** The stack's name, Keypost by default: a second Keypost in one account needs another. */
  stack: z.optional(text(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'letters, digits and hyphens, like KeypostTwo')),
  /** Refuses to delete the stack. Set it after the first deployment: it would block the retry of a failed one. */
  protect: z.optional(z.boolean()),
  /** Creates the CloudWatch dashboard, which costs three dollars a month. */
  dashboard: z.optional(z.boolean()),
  /** A domain of yours for the webhook addresses, which then outlive the stack. */
  api: z.optional(
    fields({
      domain: text(/^(?:[a-z0-9-]{1,63}\.)+[a-z]{2,63}$/, 'a domain like hooks.example.com'),
      /** The ARN of its certificate, in the region of the stack. */
      certificate: text(/^arn:aws[\w-]*:acm:/, 'the ARN of a certificate, like arn:aws:acm:…'),
    }),
  ),
  /** The buyers' pages and claim codes: docs/pages.md. They need `api.domain`, or `domain: 'aws'`. */
  pages: z.optional(
    fields({
      /** `aws`: the address of API Gateway, which changes if the stack is deployed again. */
      domain: z.optional(z.literal('aws', "'aws', or nothing")),
      /** Claim codes. */
      codes: z._default(z.boolean(), true),
      /** Buyers may correct the name of a serial. */
      corrections: z._default(z.boolean(), true),
      /** `once`: a buyer may replace the name by any other within 30 days after the payment. */
      rename: z.optional(z.literal('once', "'once', or nothing")),
    }),
  ),
  /** The address of the runbook in the mails of the alarms: a file of this repository by default. */
  runbook: z.optional(line),
});

function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, `{ ${Object.keys(shape).join(', ')} }`);
}

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
