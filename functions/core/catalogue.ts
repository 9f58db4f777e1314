import * as z from 'zod/mini';
import { toMailbox } from './address.ts';
import { DECIMAL } from './money.ts';
import { SerialProfile } from './serial.ts';

const id = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/));
const sku = z.string().check(z.minLength(1), z.maxLength(200));
const line = z.string().check(z.minLength(1), z.maxLength(200), z.regex(/^[^\p{Cc}]*$/u));
const mailbox = z.string().check(z.refine((text) => toMailbox(text) === text));

const ProviderSettings = z.strictObject({
  /** What becomes of test orders: nothing, or the whole way with the mail to the seller. */
  testOrders: z._default(z.enum(['ignore', 'seller']), 'ignore'),
  /** SKUs sold in the same shop that are no concern of ours. */
  ignore: z._default(z.array(sku), []),
  /** By what name the field for the licence name goes at this provider. */
  licenseeField: z._default(line, 'licensee'),
});

const Product = z.strictObject({
  name: line,
  serial: SerialProfile,
  /** Whose name the serial is made from: the first of these that the order has. */
  licensee: z._default(z.array(z.enum(['registration', 'person', 'company'])).check(z.minLength(1)), ['registration', 'person']),
  /** By provider, the SKUs by which it calls the product. */
  skus: z.record(id, z.array(sku).check(z.minLength(1))),
  /** By currency, the least a buyer may have paid for one, tax included; below it a person looks. */
  floor: z.optional(z.record(z.string().check(z.regex(/^[A-Z]{3}$/)), z.string().check(z.regex(DECIMAL)))),
  mail: z.optional(
    z.strictObject({
      /** The subject, where the order has this product only. */
      subject: z.optional(line),
      /** Plain text in place of the sentence that says what to do with the serial; blank lines part paragraphs. */
      instructions: z.optional(z.string().check(z.minLength(1), z.maxLength(5000))),
    }),
  ),
});

const Settings = z.strictObject({
  seller: z.strictObject({
    name: line,
    /** The sender of every mail; its domain, or it itself, is verified with SES. */
    from: mailbox,
    replyTo: mailbox,
    /** Where alarms and the mails of test orders go. */
    alarms: mailbox,
    /** Where SES gets its proof of the sender's domain: records to copy (the default), a Route 53 zone, or done already. */
    identity: z._default(
      z.union([
        z.enum(['records', 'existing']),
        z.strictObject({ zone: z.strictObject({ id: z.string().check(z.minLength(1)), name: line }) }),
      ]),
      'records',
    ),
  }),
  providers: z.record(id, ProviderSettings),
  products: z.record(id, Product),
});

export type CatalogueSettings = z.input<typeof Settings>;
export type Catalogue = z.output<typeof Settings>;
export type Product = z.output<typeof Product>;

/** A catalogue that cannot be used; the message has a line for each mistake: path, what was found, what would do. */
export class CatalogueError extends Error {
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'CatalogueError';
  }
}

/** Checks the catalogue. Throws a CatalogueError that lists every mistake at once. */
export function defineConfig(settings: CatalogueSettings): Catalogue {
  throw new Error('not yet');
}

/** The product that a provider sells under `sku`. */
export function productOf(catalogue: Catalogue, provider: string, sku: string) {
  for (const [id, product] of Object.entries(catalogue.products)) {
    if (product.skus[provider]?.includes(sku)) return { id, product };
  }
  return undefined;
}
