/** How a person resolves each reason of a hold. */
import type { HeldReason } from './event.ts';

/** The fix for each reason. The text after a colon shows the options that `orders release KEY` needs. */
export const HINTS: Readonly<Record<HeldReason, string>> = {
  bad_body:
    "a deployed fix of the parser reads it again; or look the order up at the provider: --product SKU=product --name 'the name' --email the@address",
  mail_changed:
    '`mails try` the mail says what has changed; a deployed fix of the store reads it again; or give what the mail says as for bad_body',
  not_authentic:
    'nothing proves that the store sent this mail; look the order up at the store, and release it only if it is there',
  unknown_product:
    'add the SKU to the catalogue and deploy, and all such orders are judged again; or: --product SKU=product',
  no_name: "ask the buyer: --name 'the name'",
  unmappable_name:
    "the product's charset lacks a character of the name; ask the buyer for another: --name 'the name'",
  name_too_long: "ask the buyer for a shorter name: --name 'the name'",
  bad_address: 'look the address up at the provider: --email the@address',
  below_floor: 'check the amount that was paid; a release approves it',
  price_unknown: 'check at the provider what was paid; a release approves it',
  wrong_payee: 'check that your account received the payment; a release approves it',
  no_buyer:
    "`keys set` the API key, and it is judged again; or look the buyer up: --name 'the name' --email the@address",
  trial_unknown:
    '`keys set` the API key, and it is judged again; or check at the provider that the subscription is paid, then release',
  product_key: '`keys set` the key of the product, and its orders are judged again',
  mail_refused: 'SES refuses this address: --email another@address',
  mail_age: 'SES has not accepted the mail for three days; run `doctor` for the cause, then release',
  bounced: 'a mail to this address bounced: --email another@address',
  too_large: 'an event has more than an order can hold; look the order up at the provider, then release',
  generator: 'the generator of the serial failed; deploy a fix, and it is judged again',
  rename:
    'the buyer wants another name: `orders reissue` the order if you agree, then release the request; or --refuse',
  recover_other_address:
    'the buyer cannot read the old address: `orders resend` the order with that number if you believe it, then release the request; or --refuse',
  erasure: '`person erase` the buyer if you may, which answers the request; or --refuse',
};
