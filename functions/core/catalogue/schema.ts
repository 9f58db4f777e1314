/** What may stand in a catalogue. Each message says what would do: `catalogue-mistakes.ts` makes sentences of them. */
import * as z from 'zod/mini';
import { toMailbox } from '../mail/address.ts';
import { DECIMAL } from '../order/money.ts';
import { SerialProfile } from '../serial/profile.ts';

const ADDRESS = 'an address like orders@example.com';

/** Names index plain objects, and the pattern takes one property that each of these inherits. */
const id = text(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens').check(
  z.refine((name) => name !== 'constructor', 'another name; every object of JavaScript has this one'),
);
/** Keypost's own keys of items begin with these. */
const OWN = ['hand', 'held', 'keys', 'lease'];
const provider = id.check(
  z.refine((name) => !OWN.includes(name), `another name; ${OWN.join(', ')} are Keypost's own`),
);
const line = text(
  /^(?!\s)[^\p{Cc}]{1,200}(?<!\s)$/u,
  'text in one line, at most 200 characters, no space around it',
);
const skus = z.array(line, "a list of SKUs, like ['widget-1']");
const mailbox = z
  .string(ADDRESS)
  .check(z.refine((received) => toMailbox(received) === received, { error: usable }));

const ProviderSettings = fields({
  /** What becomes of test orders: nothing, or the whole way with the mail to the seller. */
  testOrders: z._default(z.enum(['ignore', 'seller']), 'ignore'),
  /** SKUs sold in the same shop that are no concern of ours. */
  ignore: z._default(skus, []),
  /** By what name the field for the licence name goes at this provider. */
  licenseeField: z._default(line, 'licensee'),
  /** Which of Keypost's providers it is, where its own name is not: two shops of one kind, say. */
  as: z.optional(id),
  /** Whose orders it speaks of, where another provider speaks of them too: a licence call and its webhook, say. */
  orders: z.optional(provider),
  /** What only this provider asks, none of it secret: docs/providers tells. */
  options: z._default(z.record(z.string(), z.unknown()), {}),
});

const Product = fields({
  /** As the buyer knows it. */
  name: line,
  /** How the app checks a serial. */
  serial: SerialProfile,
  /** Whose name the serial is made from: the first of these that the order has. */
  licensee: z._default(some(z.array(z.enum(['registration', 'person', 'company']))), [
    'registration',
    'person',
  ]),
  /** By provider, the SKUs by which it calls the product. */
  skus: filled(z.record(id, some(skus), "SKUs by provider, like { shop: ['widget-1'] }")),
  /** By currency, the least a buyer may have paid for one, tax included; below it, or in another currency, a person looks. */
  floor: z.optional(
    filled(
      z.record(
        text(/^[A-Z]{3}$/, 'a currency in three capital letters, like EUR'),
        text(DECIMAL, "an amount in quotes, like '10.00'"),
        "amounts by currency, like { EUR: '10.00' }",
      ),
    ),
  ),
  mail: z.optional(
    fields({
      /** The subject of a mail that brings this product only. */
      subject: z.optional(line),
      /** Plain text in place of the sentence that says what to do with the serial; blank lines part paragraphs. */
      instructions: z.optional(
        text(/^(?=\s*\S)(?:[^\p{Cc}]|[\t\r\n]){1,5000}$/u, 'plain text, at most 5,000 characters'),
      ),
    }),
  ),
});

export const Settings = fields({
  seller: fields({
    /** Mails come from it, and are signed with it. */
    name: line,
    /** The sender of every mail; its domain, or it itself, is verified with SES. */
    from: mailbox,
    /** Who reads what buyers answer. */
    replyTo: mailbox,
    /** Where alarms and the mails of test orders go. */
    alarms: mailbox,
    /** Where SES gets its proof of the sender's domain: records to copy (the default), a Route 53 zone, or done already. */
    identity: z._default(
      z.union(
        [z.enum(['records', 'existing']), fields({ zone: fields({ id: line, name: line }) })],
        "'records', 'existing', or { zone: { id: 'Z…', name: 'example.com' } }",
      ),
      'records',
    ),
  }),
  /** Who takes the money: only the providers that stand here are listened to. */
  providers: filled(z.record(provider, ProviderSettings, 'settings by provider, like { shop: {} }')),
  products: filled(z.record(id, Product, "products by a name of yours, like { 'widget-mac': { … } }")),
});

function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, `{ ${Object.keys(shape).join(', ')} }`);
}

function text(pattern: RegExp, what: string) {
  return z.string(what).check(z.regex(pattern, what));
}

function some<List extends z.ZodMiniArray>(list: List) {
  return list.check(z.minLength(1, 'at least one'));
}

function filled<Table extends z.ZodMiniRecord>(table: Table) {
  return table.check(z.refine((entries) => Object.keys(entries).length > 0, 'at least one'));
}

function usable({ input }: { readonly input?: unknown }): string {
  const meant = toMailbox(String(input));
  return meant ? JSON.stringify(meant) : ADDRESS;
}
