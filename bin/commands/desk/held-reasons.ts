/** Why an order is held, in a sentence, what resolves it, and the fields of the form that does. */
import type { HeldReason } from '../../../functions/core/inbound/event.ts';

const why: Readonly<Record<HeldReason, string>> = {
  bad_body: 'The notification is authentic, but Keypost cannot parse it.',
  mail_changed: "The store's order mail has another form than Keypost knows.",
  not_authentic: 'No signature proves that the store sent this order mail.',
  unknown_product: 'The catalogue has no product with this SKU.',
  no_name: "The order contains no buyer's name.",
  unmappable_name: "The charset of the app's serials lacks a character of the name.",
  name_too_long: 'The name is longer than the app accepts.',
  bad_address: 'The address is missing, or mail cannot be sent to it.',
  below_floor: 'The buyer paid less than the floor of the product.',
  price_unknown: 'The price is missing, or it is in a currency without a floor.',
  wrong_payee: 'The payment names another payee than you.',
  no_buyer: 'The provider did not say who the buyer is.',
  trial_unknown: 'It is unknown whether the subscription is paid or on trial.',
  product_key: 'The product has no key, or one that does not fit its profile.',
  mail_refused: 'SES refuses the address.',
  mail_age: 'SES has not accepted the mail for three days.',
  bounced: 'A mail to this address came back.',
  too_large: 'An event has more lines than an order can have.',
  rename: 'The buyer asks for another name.',
  recover_other_address: 'The buyer cannot read mail at the old address.',
  erasure: 'The buyer asks to be erased.',
  generator: 'The program that makes the serial failed.',
};

const APPROVES = 'Release approves the price.';

const fix: Readonly<Record<HeldReason, string>> = {
  bad_body:
    'Release reads the notification again. Or look the order up at the provider, and enter the product, the name and the address.',
  mail_changed: 'Release reads the notification again. Or enter what the mail says.',
  not_authentic: 'Look the order up at the store. Release it only if it is there; otherwise reject it.',
  unknown_product:
    'Choose the product and release; or add the SKU to the catalogue and deploy: all such orders are then judged again.',
  no_name: 'Ask the buyer, and enter the name.',
  unmappable_name: 'Ask the buyer for another spelling, and enter it.',
  name_too_long: 'Ask the buyer for a shorter name, and enter it.',
  bad_address: 'Look the address up at the provider, and enter it.',
  below_floor: `Check the amount at the provider. ${APPROVES}`,
  price_unknown: `Check at the provider what was paid. ${APPROVES}`,
  wrong_payee: `Check that your account received the payment. ${APPROVES}`,
  no_buyer:
    'Set the key of its API with `keys set`: it is then judged again. Or enter the name and the address.',
  trial_unknown: 'Check at the provider that it is paid, then release.',
  product_key: 'Set the key with `keys set`: the order is then judged again.',
  mail_refused: 'Enter another address.',
  mail_age: 'Open Health for the cause, then release.',
  bounced: 'Ask the buyer for another address, and enter it.',
  too_large: 'Look the order up at the provider, then release.',
  rename:
    'Reissue the order if you agree, then release the request; otherwise reject it. Its buyer gets a mail.',
  recover_other_address:
    'Resend the order with that number if you believe it, then release the request; otherwise reject it.',
  erasure: 'Erase the person in an order if you may, which answers the request; otherwise reject it.',
  generator: 'Correct the program and deploy: the order is then judged again.',
};

/** The fields besides name and address, which every form has. */
const fields: Readonly<Partial<Record<HeldReason, readonly ('product' | 'order')[]>>> = {
  bad_body: ['product', 'order'],
  mail_changed: ['product', 'order'],
  not_authentic: ['product', 'order'],
  unknown_product: ['product'],
};

export const RESOLUTIONS = { why, fix, fields };
