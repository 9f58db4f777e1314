import type { Catalogue } from '../catalogue.ts';
import type { Order } from '../order.ts';

/** A mail in our words; `aws/ses.ts` makes MIME of it. */
export interface Message {
  readonly to: string;
  readonly from: { readonly name: string; readonly address: string };
  readonly replyTo: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  /** SES message tags: letters, digits, `_` and `-`, at most 256. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The mail with every line that waits, and the SKUs it carries. */
export function serialMail(_catalogue: Catalogue, _order: Order): { readonly message: Message; readonly skus: readonly string[] } {
  throw new Error('not yet');
}
