/** The catalogue as a seller writes it: an editor shows these comments. `schema.ts` checks the values. */
import type { Provider } from '../inbound/provider.ts';
import type { Localized } from '../mail/language.ts';
import type { OwnWords } from '../mail/sentences.ts';
import type { Alphabet } from '../serial/alphabet.ts';
import type { Charset } from '../serial/charset.ts';
import type { KEY_FITS, KEY_FORMS, PADDINGS } from '../serial/profile.ts';
import type { MakeSerial } from '../serial/program.ts';

type List = readonly string[];
type Amounts = Readonly<Record<string, string>>;

/** Everything but the providers and the products. */
export interface ShopSettings {
  /** Who sells: the names and addresses in every mail. */
  readonly seller: SellerSettings;
  /** The stack's name, `Keypost` by default: a second Keypost in one account needs another. */
  readonly stack?: string | undefined;
  /** Refuses to delete the stack. Set it after the first deployment: it would block the retry of a failed one. */
  readonly protect?: boolean | undefined;
  /** Creates the CloudWatch dashboard, which costs three dollars a month. */
  readonly dashboard?: boolean | undefined;
  /** A domain of yours for the webhook addresses, which then outlive the stack. */
  readonly api?:
    | {
        /** The domain: `hooks.example.com`. */
        readonly domain: string;
        /** The ARN of its certificate, in the region of the stack. */
        readonly certificate: string;
      }
    | undefined;
  /** The buyers' pages and claim codes: docs/pages.md. They need `api.domain`, or `domain: 'aws'`. */
  readonly pages?:
    | {
        /** `aws`: the address of API Gateway, which changes if the stack is deployed again. */
        readonly domain?: 'aws' | undefined;
        /** Claim codes; true by default. */
        readonly codes?: boolean | undefined;
        /** Buyers may correct the name of a serial; true by default. */
        readonly corrections?: boolean | undefined;
        /** `once`: a buyer may replace the name by any other within 30 days after the payment. */
        readonly rename?: 'once' | undefined;
      }
    | undefined;
  /** The address of the runbook in the mails of the alarms: `docs/runbook.md` by default. */
  readonly runbook?: string | undefined;
}

export interface SellerSettings {
  /** The sender's name, also the signature of a mail. */
  readonly name: string;
  /** The sender of every mail; SES has to verify the address or its domain. */
  readonly from: string;
  /** The recipient of buyers' replies. */
  readonly replyTo: string;
  /** The recipient of alarms and of test orders' mails. */
  readonly alarms: string;
  /** The language of a mail whose buyer's language is unknown, or not one of Keypost's: `en` by default. */
  readonly locale?: string | undefined;
  /** Below every mail: your address, as the law requires it. A text or an https address, or one for each language. */
  readonly imprint?: Localized | undefined;
  /** Below every mail: how you treat data. A text or an https address, or one for each language. */
  readonly privacy?: Localized | undefined;
  /** The https address of the picture above every mail. */
  readonly logo?: string | undefined;
  /** The colour of buttons: `#0a7c4f`. */
  readonly accent?: string | undefined;
  /** Sentences of the mails in your own words, by language: docs/mail.md lists them. */
  readonly words?: Readonly<Record<string, OwnWords>> | undefined;
  /** Proof of the sender's domain for SES: `records` to copy (the default), a Route 53 zone, or an `existing` identity. */
  readonly identity?:
    | 'records'
    | 'existing'
    | {
        /** The hosted zone in Route 53, into which the records are written. */
        readonly zone: {
          /** The zone's ID: `Z…`. */
          readonly id: string;
          /** The zone's domain: `example.com`. */
          readonly name: string;
        };
      }
    | undefined;
}

/** The fields of every provider. */
export interface ProviderSettings {
  /** Test orders are ignored (`ignore`, the default), or processed with the mail sent to you (`seller`). */
  readonly testOrders?: 'ignore' | 'seller' | undefined;
  /** SKUs sold in the same shop that Keypost does not handle. */
  readonly ignore?: List | undefined;
  /** The provider's name for the field in which a buyer types the licence name: `licensee` by default. */
  readonly licenseeField?: string | undefined;
  /** The provider whose orders it shares: a licence call and its webhook, for instance. */
  readonly orders?: string | undefined;
}

export interface WithOptions<Options> extends ProviderSettings {
  /** Options of this provider only. They have no secrets, which `keys set` stores. */
  readonly options?: Options | undefined;
}

export interface NeedsOptions<Options> extends ProviderSettings {
  /** Options of this provider only. They have no secrets, which `keys set` stores. */
  readonly options: Options;
}

export interface MailStore<Options = never> extends WithOptions<Options> {
  /** The mails of this store: docs/providers/mail-stores.md. */
  readonly mail: {
    /** The address that only this store's mails go to, in a domain that receives through SES. */
    readonly to: string;
    /** The domains of its From addresses: compulsory unless Keypost knows them. */
    readonly from?: List | undefined;
    /** Your accounts as the mails print them: a payment to any other is held. */
    readonly payee?: string | List | undefined;
    /** Subjects of the store's other mails, with `*` for any text: they are counted, and not held. */
    readonly ignore?: List | undefined;
  };
}

/** A provider of the seller's own: docs/own-code.md. */
export interface OwnProvider extends WithOptions<Readonly<Record<string, unknown>>> {
  /** Your provider: an object with `name`, `verify` and `read`. */
  readonly use: Provider;
}

/** @typeParam Names the providers that the catalogue enables. */
export interface ProductSettings<Names extends string> {
  /** The name that buyers know. */
  readonly name: string;
  /** The way the app checks a serial: docs/serials.md. */
  readonly serial: SerialSettings;
  /** The serial is made from the first of these that the order has: `['registration', 'person']` by default. */
  readonly licensee?: readonly ('registration' | 'person' | 'company')[] | undefined;
  /** The product's SKUs by provider. A SKU of several products is a bundle. */
  readonly skus: { readonly [Name in Names]?: List | undefined };
  /**
   * The lowest accepted price of one copy by currency, tax included: `{ EUR: '10.00' }`. A lower price or another currency is
   * held. Below the name of a provider or a SKU: the amounts that replace these for its sales.
   */
  readonly floor?: Readonly<Record<string, string | Amounts>> | undefined;
  /** `serial`: a subscription's trial gets its serial at the start. By default the serial waits for the first payment. */
  readonly trial?: 'serial' | undefined;
  /** Texts of this product's mails, for all languages or by language. Each may contain {name}, {serial}, {product}, {order}. */
  readonly mail?: ProductMail | undefined;
}

interface ProductMail {
  /** The subject. In a mail with several products, the first product that has one sets it. */
  readonly subject?: Localized | undefined;
  /** Attaches the serial as a file that the app can open: its name, or true for licence.txt. */
  readonly file?: string | true | undefined;
  /** Plain text that replaces the instructions for entering the serial; blank lines separate paragraphs. */
  readonly instructions?: Localized | undefined;
  /** The address from which the buyer downloads the app. */
  readonly download?: Localized | undefined;
  /** The address at which the buyer finds help. */
  readonly help?: Localized | undefined;
  /** A link that the app opens: `widgetpro://activate?name={name}&serial={serial}`. */
  readonly activate?: Localized | undefined;
}

export type SerialSettings = AesEcb | AesCbc | AesStream | ProgramSerial | FunctionSerial | SignedLicence;

interface Aes extends Named {
  /** `aes-128`: the name, encrypted with the product's key. The presets have the settings of common tools. */
  readonly kind: 'aes-128';
  /** The form of the product's key, never the key itself. */
  readonly key?:
    | {
        /** How the 16 bytes are written: `ascii` (the default), `hex`, `base64`, or a hash of any text. */
        readonly form?: (typeof KEY_FORMS)[number] | undefined;
        /** `exact` (the default), or how a key of another length is fitted. */
        readonly fit?: (typeof KEY_FITS)[number] | undefined;
      }
    | undefined;
  /** The format of the text that a buyer types. */
  readonly text: SerialText;
}

type Padding = (typeof PADDINGS)[number];

interface AesEcb extends Aes {
  /** The mode of AES: `ecb` encrypts each block alone, without an IV. */
  readonly mode: 'ecb';
  /** How the name is filled up to whole blocks: `null` adds nothing to a name that fills them. */
  readonly padding: Padding;
  /** ECB has no IV; leave it out. */
  readonly iv?: undefined;
}

interface AesCbc extends Aes {
  /** The mode of AES: `cbc` chains the blocks, from the IV on. */
  readonly mode: 'cbc';
  /** How the name is filled up to whole blocks: `null` adds nothing to a name that fills them. */
  readonly padding: Padding;
  /** The 16 bytes before the first block. */
  readonly iv: Iv;
}

interface AesStream extends Aes {
  /** The mode of AES: `cfb8` encrypts byte by byte, `cbc-dcpcrypt` as DCPcrypt does. */
  readonly mode: 'cfb8' | 'cbc-dcpcrypt';
  /** `none`: the name is encrypted as long as it is. */
  readonly padding: Padding | 'none';
  /** The 16 bytes before the first block. */
  readonly iv: Iv;
}

type Iv =
  | {
      /** `zero` where the app's code passes none, `key`, `encrypted-zero` (DCPcrypt), or `literal` with `hex`. */
      readonly from: 'zero' | 'key' | 'encrypted-zero';
      /** Only with `literal`. */
      readonly hex?: undefined;
    }
  | {
      /** The bytes in `hex`. */
      readonly from: 'literal';
      /** 32 hex digits, two for each byte. */
      readonly hex: string;
    };

interface SerialText {
  /** The digits: `HEX` and `hex` are base 16 in capital and small letters. */
  readonly alphabet: Alphabet;
  /** False: base64 without its `=`. */
  readonly pad?: false | undefined;
  /** The number of characters that are kept, counted before they are grouped: 8 or more. */
  readonly cut?: number | undefined;
  /** The number of characters in a group. */
  readonly group?: number | undefined;
  /** The text between groups; `-` by default. */
  readonly separator?: string | undefined;
  /** A text before the serial. */
  readonly prefix?: string | undefined;
}

interface Named {
  /** The charset in which the name is encoded: `utf8` by default. */
  readonly charset?: Charset | undefined;
  /** How a buyer's name is spelled: docs/names.md. */
  readonly name?: NameSettings | undefined;
}

interface NameSettings {
  /** The Unicode form: `nfc` (the default), `nfd`, or `as-is`. */
  readonly form?: 'nfc' | 'nfd' | 'as-is' | undefined;
  /** Removes blanks at both ends; true by default. */
  readonly trim?: boolean | undefined;
  /** Replaces several blanks by one; true by default. */
  readonly collapse?: boolean | undefined;
  /** Changes the case, `none` by default. */
  readonly fold?: 'none' | 'upper' | 'lower' | undefined;
  /** A damaged name is repaired if that is possible exactly, instead of held. */
  readonly repair?: boolean | undefined;
  /** The longest name that the app takes, in bytes of its charset: 256 by default. */
  readonly maxBytes?: number | undefined;
}

interface Vector {
  /** A name, as an order has it. */
  readonly name: string;
  /** The serial that it must give. */
  readonly serial: string;
}

interface ProgramSerial extends Named {
  /** `program`: a third-party generator, compiled to a WASI command, in a sandbox: docs/generators.md. */
  readonly kind: 'program';
  /** The module: absolute, or relative to the catalogue's file. */
  readonly file: string;
  /** Names and their serials, which the program must reproduce before each deployment: at least two. */
  readonly vectors: readonly Vector[];
}

interface FunctionSerial extends Named {
  /** `function`: your own TypeScript: docs/own-code.md. */
  readonly kind: 'function';
  /** Returns the serial of an order: one line of at most 512 printable ASCII characters. It is pure. */
  readonly make: MakeSerial;
  /** Names and their serials, which the function must reproduce before each deployment. */
  readonly vectors: readonly Vector[];
}

interface SignedLicence {
  /** `ed25519`: a signed licence, for a new product whose app holds only a public key: docs/ed25519.md. */
  readonly kind: 'ed25519';
  /** A number of your own for this product, 1 to 65535, which never changes. */
  readonly product: number;
  /** Updates are included for so long from the order's day; left out, always. */
  readonly updates?:
    | {
        /** A whole number of months, 1 to 600. */
        readonly months: number;
      }
    | undefined;
  /** The licence has one charset only. */
  readonly charset?: 'utf8' | undefined;
  /** How a buyer's name is spelled: docs/names.md. */
  readonly name?: NameSettings | undefined;
}
