/** The sending half of a provider: it builds and signs the requests that the provider would send. */
import { createHmac, randomUUID } from 'node:crypto';

import type { MailSettings } from '../core/inbound/provider.ts';

export interface TestOrder {
  readonly event: string;
  /** The provider's ID of the order; left out, a new one is made. A reversal needs the ID of its sale. */
  readonly id?: string | undefined;
  readonly sku: string;
  readonly name: string;
  readonly email: string;
  readonly company: string;
  /** Marked as a test by the provider's own flag. */
  readonly test: boolean;
  /** The least price that the catalogue accepts, in euros. */
  readonly floor: number;
  /** The URL that the request is posted to, for providers whose requests name a URL beside it. */
  readonly address?: string | undefined;
  /** The catalogue's settings of a mail store. */
  readonly mail?: MailSettings | undefined;
}

export interface SignedRequest {
  readonly method: 'GET' | 'POST';
  /** Encoded, without the question mark. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The ID under which the order is claimed. */
  readonly orderId: string;
  /** Another request of the same order, which the provider sends first. */
  readonly before?: SignedRequest | undefined;
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function standardHeaders(body: string | Buffer, key: Buffer, now: number): Record<string, string> {
  const [id, at] = [`msg_${randomUUID()}`, String(Math.floor(now / 1000))];
  const signature = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
}

/** A body with the proof of its origin. */
export interface SignedBody extends Pick<SignedRequest, 'headers'> {
  readonly query?: string;
  /** Only if the proof is part of it. */
  readonly body?: Buffer;
}

export interface Simulator {
  /** The events that it can send; `paid` is the first. */
  readonly events: readonly string[];
  /** The entry of `provider-keys` that `npm start` begins with; left out, the seller sets the keys. */
  readonly demoKeys?: { readonly signing: readonly string[]; readonly apiKey?: string };
  /** The provider's own API, as far as Keypost calls it. `npm start` serves it under /local/NAME. */
  readonly api?: FakeApi;
  readonly orders?: FakeOrders;
  /** The seconds before each retry of a notification that got no success; left out, the provider never retries. */
  readonly retries?: readonly number[];
  /** Signs any bytes as the provider signs its notifications. `address` is the URL that they are posted to. */
  sign?(body: string | Buffer, secret: string, now: number, address?: string): SignedBody;
  /**
   * Returns a notification with every field that the provider sends, signed as the provider signs.
   * @param secret the newest signing key, as it is stored in `provider-keys`.
   * @param options the provider's options in the catalogue.
   * @param now milliseconds since 1970.
   */
  request(
    order: TestOrder,
    secret: string,
    options: Readonly<Record<string, unknown>>,
    now: number,
  ): SignedRequest;
}

const HOUR = 3_600;

/** Waits of the same length. */
export const evenly = (tries: number, hours: number): number[] =>
  Array.from({ length: tries }, () => (hours * HOUR) / tries);

/** Waits that double. A provider that publishes only the number and the span of its retries is simulated so. */
export const doubling = (tries: number, hours: number): number[] =>
  Array.from({ length: tries }, (_, n) => (hours * HOUR * 2 ** n) / (2 ** tries - 1));

export interface ApiRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface ApiResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** An order that the provider has, with the bodies of its notifications. */
export interface SoldOrder {
  readonly id: string;
  readonly paid: string;
  /** PayPal's approval, which has the buyer. */
  readonly before?: string | undefined;
  /** If it has been refunded. */
  readonly refunded?: string | undefined;
}

/** The part of the provider's API that `reconcile` calls, for these orders. It asks for no key. */
export type FakeOrders = (sold: readonly SoldOrder[], request: ApiRequest) => ApiResponse;

/** Parses the JSON bodies of the orders, once for each list: a list of 1,000 orders is called 1,000 times. */
export function bodiesOf(sold: readonly SoldOrder[]) {
  const known = parsed.get(sold) ?? sold.map(parseBodies);
  parsed.set(sold, known);
  return known;
}

const parse = (body: string | undefined) => (body === undefined ? undefined : JSON.parse(body));
const parseBodies = ({ id, paid, before, refunded }: SoldOrder) => ({
  ...{ id, paid: parse(paid), before: parse(before), refunded: parse(refunded) },
});
const parsed = new WeakMap<readonly SoldOrder[], ReturnType<typeof parseBodies>[]>();

/** Returns the path and the query of a call. */
export const callOf = ({ path }: ApiRequest) => new URL(path, 'http://localhost');

export type FakeApi = (request: ApiRequest) => ApiResponse;

export const apiJson = (status: number, value: unknown): ApiResponse => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

/** A mail as the store would send it. Its domain is the first that the catalogue names. */
export const mailRequest = (
  orderId: string,
  { mail }: TestOrder,
  { domain = '', subject, lines }: { domain?: string; subject: string; lines: readonly string[] },
): SignedRequest => ({
  ...{ method: 'POST', query: '', headers: { 'content-type': 'message/rfc822' }, orderId },
  body: [
    ...[
      `From: orders@${mail?.from?.[0] ?? domain}`,
      `To: ${mail?.to}`,
      `Subject: ${subject}`,
      'MIME-Version: 1.0',
    ],
    ...['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', ...lines, ''],
  ].join('\r\n'),
});
