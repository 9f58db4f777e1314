/** The reasons for refusing a request. A closed set: `webhook.ts` maps each to an HTTP status. */
export type RejectionCode =
  | 'unknown_provider'
  | 'method_not_allowed'
  | 'too_large'
  | 'no_signature'
  | 'bad_signature'
  | 'stale'
  | 'bad_body'
  | 'not_authentic'
  | 'junk'
  | 'mail_changed'
  | 'no_signing_key'
  | 'keys_unavailable'
  | 'provider_unavailable'
  | 'provider_refused';

/** The only error thrown on purpose. The caller gets the code; the log gets code and message. */
export class Rejection extends Error {
  readonly code: RejectionCode;
  /** How long the provider's API asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** @param message a sentence for the log that says what to do. It must not contain a secret, a name or an address. */
  constructor(code: RejectionCode, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'Rejection';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The reason for a failure, safe to log. Only a Rejection's message is safe: other messages may quote the body. */
export const reasonOf = (error: unknown): string =>
  error instanceof Rejection ? error.message : errorName(error);

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');
