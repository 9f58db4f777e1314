/** Why a request is not served. A closed set: `webhook.ts` must say a status for each. */
export type RejectionCode =
  | 'unknown_provider'
  | 'method_not_allowed'
  | 'too_large'
  | 'no_signature'
  | 'bad_signature'
  | 'stale'
  | 'bad_body'
  | 'no_signing_key'
  | 'keys_unavailable'
  | 'provider_unavailable'
  | 'provider_refused';

/** The one error we throw on purpose. The caller hears the code, the log gets code and message. */
export class Rejection extends Error {
  readonly code: RejectionCode;

  /** @param message a sentence for the log that says what would do; never a secret, a name or an address. */
  constructor(code: RejectionCode, message: string) {
    super(message);
    this.name = 'Rejection';
    this.code = code;
  }
}

/** Why something failed, for a log or a person. Only a Rejection's message is safe: other messages may quote the body. */
export const reasonOf = (error: unknown): string =>
  error instanceof Rejection ? error.message : error instanceof Error ? error.name : 'unknown';
