/** A webhook call as it arrived: the raw bytes, with nothing parsed. */
export interface WebhookRequest {
  /** Upper case. */
  readonly method: string;
  /** Names are in lower case; values of one name are joined by a comma, as API Gateway does. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text after the question mark, still encoded. */
  readonly query: string;
  readonly body: Buffer;
}

/** The response to the provider. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}
