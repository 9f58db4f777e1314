import type * as z from 'zod/mini';
import type { Claim } from '../order/order.ts';
import type { OrderEvent } from './event.ts';

/** A notification as it came in: the very bytes, nothing parsed. */
export interface WebhookRequest {
  /** Upper case. */
  readonly method: string;
  /** Names in lower case; several of one name are joined by a comma, as API Gateway does. */
  readonly headers: Readonly<Record<string, string>>;
  /** What stands behind the question mark, still encoded. */
  readonly query: string;
  readonly body: Buffer;
}

/** What a provider may know of us while it looks at a request. */
export interface Context {
  /** The active signing keys: two while one is being replaced. Never empty. */
  readonly keys: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Key and address of the provider's own API, where the seller has given them. */
  readonly api?: { readonly key: string; readonly url: string } | undefined;
  /** By what name the seller's registration field goes at this provider. */
  readonly licenseeField: string;
  /** What the catalogue says for this provider alone, as the provider's own schema reads it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the catalogue has a product, or a line to ignore, under this SKU. */
  knows(sku: string): boolean;
  /**
   * The body of a 2xx answer, within 1.5 s. Throws `provider_unavailable` for a timeout, 429 and 5xx (we answer
   * 503 and hear of it again), `provider_refused` for every other status (a person has to look).
   */
  ask(
    url: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<string>;
}

/** What the provider hears. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/** An order that the provider's own API calls paid. */
export interface PaidOrder {
  /** As in the sale that `read` would make of it. */
  readonly id: string;
  readonly test: boolean;
  /** What `read` would have said of it, by now; asked for only where Keypost lacks the order. */
  events(): Promise<readonly OrderEvent[]>;
}

/** A payment provider: how it signs, what it says, and what it wants to hear. */
export interface Provider {
  /** What it calls with; `['POST']` where nothing is said. Anything else hears 405. */
  readonly methods?: readonly string[];
  /** Where its API is, for all sellers alike; nothing where each has an address of their own. */
  readonly apiUrl?: string;
  /** What it asks of the catalogue; checked when the catalogue is read, and read anew from `Context.options`. */
  readonly options?: z.ZodMiniType;
  /** False if its sales never state what was paid for the SKU, so that no floor can be applied. True if left out. */
  statesPrice?(sku: string, options: unknown): boolean;
  /** Throws a Rejection unless the provider sent `request`, and lately. */
  verify(request: WebhookRequest, context: Context): void | Promise<void>;
  /**
   * What `request` says has happened: nothing that concerns us, one thing, or many. Called with verified requests
   * only. Throws `bad_body` where it is not as documented: the request is then held with its bytes.
   */
  read(request: WebhookRequest, context: Context): readonly OrderEvent[] | Promise<readonly OrderEvent[]>;
  /** Every order paid since, in milliseconds since 1970, as its API tells; `reconcile` takes what Keypost lacks. */
  paid?(since: number, context: Context): AsyncIterable<PaidOrder>;
  /** The answer where 200 and nothing is not enough; `done` has a claim for each event that is no longer at risk. */
  answer?(done: readonly Claim[], request: WebhookRequest, context: Context): Answer;
  /** The answer when some events of a batch are done and the next one failed; without it the provider hears 5xx. */
  answerPartly?(done: readonly Claim[], request: WebhookRequest, context: Context): Answer;
}
