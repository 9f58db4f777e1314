/** The sending half of a provider: it builds and signs the requests that the provider would send. */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
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

const post =
  (base: Readonly<Record<string, string>>) =>
  (
    orderId: string,
    body: string,
    headers: Readonly<Record<string, string>> = {},
    query = '',
  ): SignedRequest => ({
    ...{ method: 'POST', query, headers: { ...base, ...headers }, body, orderId },
  });
export const postJson = post({ 'content-type': 'application/json' });
export const FORM_HEADERS = { 'content-type': 'application/x-www-form-urlencoded' };
export const postForm = post(FORM_HEADERS);
const postMail = post({ 'content-type': 'message/rfc822' });

/** The HMAC-SHA256 of the parts, one after the other. */
export const hmac = (
  secret: string | Buffer,
  encoding: 'hex' | 'base64',
  ...parts: readonly (string | Buffer)[]
): string => {
  const mac = createHmac('sha256', secret);
  for (const part of parts) mac.update(part);
  return mac.digest(encoding);
};

/** @param secret in the form of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, or its key. */
export function standardHeaders(
  body: string | Buffer,
  secret: string | Buffer,
  now: number,
): Record<string, string> {
  const key = typeof secret === 'string' ? Buffer.from(secret.replace(/^whsec_/, ''), 'base64') : secret;
  const [id, at] = [`msg_${randomUUID()}`, String(Math.floor(now / 1000))];
  const signature = hmac(key, 'base64', `${id}.${at}.`, body);
  return { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${signature}` };
}

/**
 * Returns the JSON of a file, named relative to this folder, with each `{name}` replaced by a value: that of the order, with
 * its buyer's `firstName` and `lastName`, unless `values` has another. A text that is `{name}` alone becomes the value
 * itself, whatever its type; undefined leaves its field out. Throws for a name without a value.
 */
export function fillTemplate(
  file: string,
  order: Partial<TestOrder>,
  values: Readonly<Record<string, unknown>>,
): unknown {
  const words = order.name?.split(' ') ?? [];
  const names = { firstName: words.slice(0, -1).join(' '), lastName: words.at(-1) };
  const all: Readonly<Record<string, unknown>> = { ...order, ...names, ...values };
  const valueFor = (name: string) => {
    if (Object.hasOwn(all, name)) return all[name];
    throw new Error(`${file} contains {${name}}, which has no value; pass one`);
  };
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'), (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    const whole = /^\{(\w+)\}$/.exec(value)?.[1];
    return whole
      ? valueFor(whole)
      : value.replace(/\{(\w+)\}/g, (_all, name: string) => String(valueFor(name)));
  });
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

/** Answers the calls of `reconcile` as the provider's API does, for these orders; undefined if it has no such resource. */
export type FakeOrders = (sold: readonly ParsedOrder[], call: URL) => unknown;
export type ParsedOrder = ReturnType<typeof parseBodies>;

/** Answers a call of `reconcile` about these orders, and any other as the fake API does. It asks for no key. */
export function answerOrders(
  { orders, api }: Simulator,
  sold: readonly SoldOrder[],
  request: ApiRequest,
): ApiResponse {
  // A list of 1,000 orders is called 1,000 times.
  const known = parsed.get(sold) ?? sold.map(parseBodies);
  parsed.set(sold, known);
  const found = orders?.(known, new URL(request.path, 'http://localhost'));
  return found === undefined ? (api?.(request) ?? apiJson(404, {})) : apiJson(200, found);
}

/** A body is JSON or a form. */
const parse = (body: string | undefined) =>
  body?.startsWith('{') ? JSON.parse(body) : body && new URLSearchParams(body);
const parseBodies = ({ id, paid, before, refunded }: SoldOrder) => ({
  ...{ id, paid: parse(paid), before: parse(before), refunded: parse(refunded) },
});
const parsed = new WeakMap<readonly SoldOrder[], ParsedOrder[]>();

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
  { domain = '', subject, lines }: { domain?: string; subject: string; lines: unknown },
): SignedRequest => {
  const from = `From: orders@${mail?.from?.[0] ?? domain}`;
  const mime = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'];
  const headers = [
    from,
    `To: ${mail?.to}`,
    `Subject: ${subject}`,
    ...mime,
    'Content-Transfer-Encoding: 8bit',
  ];
  return postMail(orderId, [...headers, '', ...[lines].flat(), ''].join('\r\n'));
};
