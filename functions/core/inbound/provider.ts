import type * as z from 'zod/mini';
import type { Claim } from '../order/types.ts';
import type { OrderEvent } from './event.ts';
import type { Answer, WebhookRequest } from './request.ts';

/** A payment provider: how it signs its notifications, what they say, and which answer it expects. */
export interface Provider {
  /** The last part of its address by default, and the name of its folder and of its page in the docs. */
  readonly name: string;
  /** HTTP notifications by default. Orders of a mail store arrive through SES only, and it needs no signing key. */
  readonly channel?: 'http' | 'mail';
  /** True if it needs no signing key, because its `verify` asks the provider. */
  readonly keyless?: boolean;
  /** The HTTP methods it calls with, `['POST']` by default. Any other is answered with 405. */
  readonly methods?: readonly string[];
  /** The address of its API if that is the same for all sellers. */
  readonly apiUrl?: string;
  /** True if its notifications name no buyer: the seller's page adds the name, or the API is asked with the API key. */
  readonly buyerFromApi?: boolean;
  /** The schema of its options in the catalogue; the catalogue is checked with it, and `Context.options` parsed. */
  readonly options?: z.ZodMiniType;
  /** False if its sales never state what was paid for the SKU, so that no floor can be applied. True by default. */
  statesPrice?(sku: string, options: unknown): boolean;
  /** Returns what the seller should know of these SKUs when the catalogue is read; undefined if there is nothing. */
  noticeOf?(skus: readonly string[], options: unknown): string | undefined;
  /** Throws a Rejection unless the provider sent `request`, and sent it recently. */
  verify(request: WebhookRequest, context: Context): void | Promise<void>;
  /**
   * Parses a verified request into the events that Keypost handles: none, one, or many. Throws `bad_body` if the
   * request is not as documented; it is then held with its raw body.
   */
  read(request: WebhookRequest, context: Context): readonly OrderEvent[] | Promise<readonly OrderEvent[]>;
  /** The order's ID in a request that `read` cannot parse. May throw: the request is then known by its hash. */
  idIn?(request: WebhookRequest, context: Context): string;
  /** Lists every order that is paid according to its API. `reconcile` records the missing ones. */
  paid?: ListPaid;
  /** Makes the answer; 200 with an empty body by default. `done` has a claim for each event that is recorded. */
  answer?(done: readonly Claim[], request: WebhookRequest, context: Context): Answer;
  /** Makes the answer if some events of a batch are done and the next one failed; 5xx by default. */
  answerPartly?(done: readonly Claim[], request: WebhookRequest, context: Context): Answer;
}

/** The context that a provider gets with a request. */
export interface Context {
  /** The active signing keys: two during a key rotation. Empty only if the provider needs none. */
  readonly keys: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Key and address of the provider's own API, if the seller has stored them. */
  readonly api?: { readonly key: string; readonly url: string } | undefined;
  /** The provider's name for the field in which the buyer types the licence name. */
  readonly licenseeField: string;
  /** The options in the catalogue for this provider, to be parsed with the provider's own schema. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The settings of a mail store. */
  readonly mail?: MailSettings | undefined;
  /** True if buyers get their serial on a page after the payment: the ID in its address has to be an alias. */
  readonly hasOrderPage?: boolean | undefined;
  /** Returns true if the catalogue has a product, or an ignored line, with this SKU. */
  knows(sku: string): boolean;
  /**
   * Returns the body of a 2xx answer, within `ms`, 1.5 s by default. Throws `provider_unavailable` for a timeout, 429 and 5xx (we
   * answer 503, and the provider tries again), and `provider_refused` for any other status (a person has to look).
   */
  ask(
    url: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string | Buffer; ms?: number },
  ): Promise<string>;
}

/** The catalogue's settings of a mail store. */
export interface MailSettings {
  /** The address to which only this store writes. */
  readonly to: string;
  /** The domains of the store's From addresses, if its file does not name them. */
  readonly from?: readonly string[] | undefined;
  /** The seller's accounts as the store's mails print them. */
  readonly payee?: string | readonly string[] | undefined;
  /** Subjects of the store's other mails; `*` stands for any text. */
  readonly ignore: readonly string[];
}

/**
 * @param since milliseconds since 1970.
 * @param from the `resume` of an order of an earlier call: begin behind it.
 * @param read parses requests with the provider's `read`, and returns their events in this order.
 */
export type ListPaid = (
  since: number,
  context: Context,
  from: string | undefined,
  read: (...requests: readonly WebhookRequest[]) => Promise<readonly OrderEvent[]>,
) => AsyncIterable<PaidOrder>;

/** An order that the provider's own API lists as paid. */
export interface PaidOrder {
  /** The ID of the sale that `read` would return for it, or one of its aliases. */
  readonly id: string;
  readonly test: boolean;
  /** True if money has gone back, false if a dispute was won: an order that Keypost has may lack that. */
  readonly isReversed?: boolean | undefined;
  /** Set on the last order of a page: a later call can begin behind it. */
  readonly resume?: string | undefined;
  /** Fetches the events that `read` would have returned by now, reversals first. Called only if Keypost lacks them. */
  events(): Promise<readonly OrderEvent[]>;
}
