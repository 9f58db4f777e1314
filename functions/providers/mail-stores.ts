/** The table of mail stores. It is not part of `index.ts`, since only the Lambda `order-mail` may take their orders. */
import type { MailStore } from '../core/inbound/mail-store.ts';
import { block } from './block/provider.ts';
import { kagi } from './kagi/provider.ts';
import { paypalMail } from './paypal-mail/provider.ts';

/** Every mail store by its name. */
export const mailStores: Readonly<Record<string, MailStore>> = Object.fromEntries(
  [block, kagi, paypalMail].map((store) => [store.name, store]),
);
