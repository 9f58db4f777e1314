import { createHash } from 'node:crypto';

/** A webhook call as it arrived: the raw bytes, with nothing parsed. */
export interface WebhookRequest {
  /** Upper case. */
  readonly method: string;
  /** Names are in lower case; values of one name are joined by a comma, as API Gateway does. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text after the question mark, still encoded. */
  readonly query: string;
  readonly body: Buffer;
  /** SES's verdicts on a mail. Only functions/order-mail.ts sets them, because anybody can write a header. */
  readonly verdicts?: Verdicts;
}

/** Identifies a request that names no order. */
export const hashOf = ({ query, body }: Pick<WebhookRequest, 'query' | 'body'>): string =>
  createHash('sha256').update(query).update(body).digest('hex');

/** PASS, FAIL, GRAY or PROCESSING_FAILED: https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html */
export type Verdicts = Readonly<Record<'spam' | 'virus' | 'dmarc', string>>;

/** The response to the provider. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}
