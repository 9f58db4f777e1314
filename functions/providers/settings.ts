/** The built-in providers as the catalogue takes them, each with its own options. */
import type { MailStore, NeedsOptions, WithOptions } from '../core/catalogue/settings.ts';

type List = readonly string[];

export interface BuiltIn {
  /** 2Checkout, now Verifone: docs/providers/2checkout.md. */
  readonly '2checkout'?: WithOptions<never> | undefined;
  /** BlueSnap, formerly Plimus: docs/providers/bluesnap.md. */
  readonly bluesnap?: WithOptions<AnswerOptions> | undefined;
  /** A store whose mail has one `label: value` in a line: docs/providers/block.md. */
  readonly block?: (MailStore<BlockOptions> & NeedsOptions<BlockOptions>) | undefined;
  /** Creem: docs/providers/creem.md. */
  readonly creem?: WithOptions<never> | undefined;
  /** Dodo Payments: docs/providers/dodo.md. */
  readonly dodo?: WithOptions<SandboxOptions> | undefined;
  /** FastSpring: docs/providers/fastspring.md. */
  readonly fastspring?: WithOptions<AnswerOptions> | undefined;
  /** A shop that asks for serials with a form: docs/providers/form.md. */
  readonly form?: NeedsOptions<FormOptions> | undefined;
  /** Freemius: docs/providers/freemius.md. */
  readonly freemius?: WithOptions<never> | undefined;
  /** Gumroad: docs/providers/gumroad.md. */
  readonly gumroad?: NeedsOptions<GumroadOptions> | undefined;
  /** Kagi's order mails: docs/providers/kagi.md. */
  readonly kagi?: MailStore | undefined;
  /** Lemon Squeezy: docs/providers/lemonsqueezy.md. */
  readonly lemonsqueezy?: WithOptions<never> | undefined;
  /** Paddle Billing: docs/providers/paddle.md. */
  readonly paddle?: WithOptions<SandboxOptions> | undefined;
  /** PayPal's checkout: docs/providers/paypal.md. */
  readonly paypal?: NeedsOptions<PayPalOptions> | undefined;
  /** PayPal's IPN, for old buttons: docs/providers/paypal-ipn.md. */
  readonly 'paypal-ipn'?: NeedsOptions<IpnOptions> | undefined;
  /** PayPal's mails: docs/providers/paypal-mail.md. */
  readonly 'paypal-mail'?: MailStore | undefined;
  /** Polar: docs/providers/polar.md. */
  readonly polar?: WithOptions<SandboxOptions> | undefined;
  /** Your own shop, which posts its orders: docs/providers/shop.md. */
  readonly shop?: WithOptions<never> | undefined;
  /** Shopify: docs/providers/shopify.md. */
  readonly shopify?: WithOptions<never> | undefined;
  /** Stripe: docs/providers/stripe.md. */
  readonly stripe?: WithOptions<StripeOptions> | undefined;
  /** WooCommerce: docs/providers/woocommerce.md. */
  readonly woocommerce?: WithOptions<SandboxOptions> | undefined;
}

export interface AnswerOptions {
  /** The SKUs whose serial the provider prints from our answer. */
  readonly answers?: List | undefined;
}

export interface SandboxOptions {
  /** True if the keys are of the provider's sandbox: each order is then a test order. */
  readonly sandbox?: boolean | undefined;
}

export interface GumroadOptions {
  /** Your ID at Gumroad, which every ping contains. */
  readonly sellerId: string;
  /** True (the default) if Gumroad's API has to confirm each ping. Otherwise anybody who knows the address can make serials. */
  readonly reread?: boolean | undefined;
}

export interface PayPalOptions {
  /** Your accounts, as merchant ID or mail address: a payment to any other is held. */
  readonly payee: string | List;
}

export interface IpnOptions {
  /** Your accounts, as primary mail address or merchant ID: a payment to any other is held. */
  readonly receiver: string | List;
}

export interface StripeOptions {
  /** The Payment Links whose buyers can change the quantity or add items: only the API knows what was bought. */
  readonly adjustable?: List | undefined;
}

export interface FormOptions {
  /** The signing key is in the address under this name, or user:password of HTTP, or is hashed together with some fields. */
  readonly proof:
    | {
        /** The name in the address that has the signing key. */
        readonly address: string;
      }
    | 'basic'
    | {
        /** The field with the hash. */
        readonly field: string;
        /** The hash in hex digits. */
        readonly hash: 'md5' | 'sha1' | 'sha256';
        /** The fields that are hashed, in their order; `(secret)` stands for the signing key. */
        readonly of: List;
        /** True if the values are hashed in small letters. */
        readonly inSmallLetters?: boolean | undefined;
      };
  /** The shop's name for each field. */
  readonly fields: {
    /** The order's number. */
    readonly id: string;
    /** The product's SKU. */
    readonly sku: string;
    /** The number of copies. */
    readonly quantity?: string | undefined;
    /** The price of one copy. */
    readonly price?: string | undefined;
    /** The currency: a field, or a code such as EUR. */
    readonly currency?: string | undefined;
    /** The buyer's name; several fields are its parts. */
    readonly name?: string | List | undefined;
    /** The buyer's mail address. */
    readonly email?: string | undefined;
    /** The buyer's company. */
    readonly company?: string | undefined;
    /** The buyer's country in two letters. */
    readonly country?: string | undefined;
  };
  /** The field whose value tells sales from reversals; other values are ignored. Left out, every request is a sale. */
  readonly about?:
    | {
        /** The name of the field. */
        readonly field: string;
        /** Its values for a sale. */
        readonly sale: List;
        /** Its values for a refund. */
        readonly refund?: List | undefined;
        /** Its values for a chargeback. */
        readonly chargeback?: List | undefined;
      }
    | undefined;
  /** A test order has this word in this field. */
  readonly test?:
    | {
        /** The name of the field. */
        readonly field: string;
        /** Its value in a test order. */
        readonly word: string;
      }
    | undefined;
  /** A charset, or a field: UTF-8 if the field has this value, otherwise Latin-1. */
  readonly charset?:
    | 'utf8'
    | 'latin1'
    | {
        /** The name of the field. */
        readonly field: string;
        /** Its value for UTF-8. */
        readonly utf8: string;
      }
    | undefined;
  /** True if the shop percent-encodes each value twice. */
  readonly escapedTwice?: boolean | undefined;
  /** The serial; or a line with the serial for each copy; or Kagi's format. */
  readonly answer?: 'serial' | 'lines' | 'kagi' | undefined;
}

type Use =
  | ('transactionId' | 'registrationName' | 'buyerName' | 'firstName' | 'lastName' | 'buyerEmail' | 'company')
  | ('country' | 'currency' | 'payee' | 'total' | 'sku' | 'product' | 'license' | 'quantity' | 'unused')
  | ('comment' | 'unitPrice' | 'lineTotal' | 'subtotal')
  | {
      /** The values of a sale. */
      readonly sale: List;
      /** The values of the store's other mails. */
      readonly ignore?: List | undefined;
    };

export interface BlockOptions {
  /** The subject, with `*` for any text, and `{transactionId}` for the order number. */
  readonly subject: string;
  /** The line before the labels. */
  readonly begin: string;
  /** The line after them; left out, they end with the mail. */
  readonly end?: string | undefined;
  /** The character between label and value: `:` by default. */
  readonly separator?: ':' | '=' | undefined;
  /** The meaning of each label's value. */
  readonly labels: Readonly<Record<string, Use>>;
  /** Labels that the store leaves out if they have no value. */
  readonly optional?: List | undefined;
  /** Each of several items has a line in columns, or labels of its own below a heading. */
  readonly items?:
    | {
        /** The label of each item's line. */
        readonly label: string;
        /** The meaning of each column. */
        readonly columns: readonly Use[];
        /** The text between columns: `|` by default. */
        readonly between?: string | undefined;
      }
    | {
        /** The line above each item, with `*` for any text. */
        readonly heading: string;
        /** The meaning of the value of each label below the heading. */
        readonly labels: Readonly<Record<string, Use>>;
      }
    | undefined;
}
