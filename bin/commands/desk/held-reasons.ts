/** Why an order is held, in a sentence, and the fields of the form that resolves it. */
import type { HeldReason } from '../../../functions/core/inbound/event.ts';

type Field = 'name' | 'email' | 'product' | 'order';

interface Resolution {
  readonly why: string;
  readonly fix: string;
  readonly fields: readonly Field[];
}

const BUYER = ['name', 'email'] as const;
const ALL = ['product', 'order', ...BUYER] as const;
const READ_AGAIN = 'Release reads the notification again.';
const APPROVES = 'Release approves the price.';

export const RESOLUTIONS: Readonly<Record<HeldReason, Resolution>> = {
  bad_body: {
    why: 'The notification is authentic, but Keypost cannot parse it.',
    fix: `${READ_AGAIN} Or look the order up at the provider, and enter the product, the name and the address.`,
    fields: ALL,
  },
  mail_changed: {
    why: "The store's order mail has another form than Keypost knows.",
    fix: `${READ_AGAIN} Or enter what the mail says.`,
    fields: ALL,
  },
  not_authentic: {
    why: 'No signature proves that the store sent this order mail.',
    fix: 'Look the order up at the store. Release it only if it is there; otherwise reject it.',
    fields: ALL,
  },
  unknown_product: {
    why: 'The catalogue has no product with this SKU.',
    fix: 'Choose the product, or add the SKU to the catalogue and deploy; then release.',
    fields: ['product'],
  },
  no_name: {
    why: "The order contains no buyer's name.",
    fix: 'Ask the buyer, and enter the name.',
    fields: ['name'],
  },
  unmappable_name: {
    why: "The charset of the app's serials lacks a character of the name.",
    fix: 'Ask the buyer for another spelling, and enter it.',
    fields: ['name'],
  },
  name_too_long: {
    why: 'The name is longer than the app accepts.',
    fix: 'Ask the buyer for a shorter name, and enter it.',
    fields: ['name'],
  },
  bad_address: {
    why: 'The address is missing, or mail cannot be sent to it.',
    fix: 'Look the address up at the provider, and enter it.',
    fields: ['email'],
  },
  below_floor: {
    why: 'The buyer paid less than the floor of the product.',
    fix: `Check the amount at the provider. ${APPROVES}`,
    fields: [],
  },
  price_unknown: {
    why: 'The price is missing, or it is in a currency without a floor.',
    fix: `Check at the provider what was paid. ${APPROVES}`,
    fields: [],
  },
  wrong_payee: {
    why: 'The payment names another payee than you.',
    fix: `Check that your account received the payment. ${APPROVES}`,
    fields: [],
  },
  no_buyer: {
    why: 'The provider did not say who the buyer is.',
    fix: 'Set the key of its API with `keys set`, and release; or enter the name and the address.',
    fields: BUYER,
  },
  trial_unknown: {
    why: 'It is unknown whether the subscription is paid or on trial.',
    fix: 'Check at the provider that it is paid, then release.',
    fields: [],
  },
  product_key: {
    why: 'The product has no key, or one that does not fit its profile.',
    fix: 'Set the key with `keys set`; the order is then released automatically.',
    fields: [],
  },
  mail_refused: { why: 'SES refuses the address.', fix: 'Enter another address.', fields: ['email'] },
  mail_age: {
    why: 'SES has not accepted the mail for three days.',
    fix: 'Open Health for the cause, then release.',
    fields: [],
  },
  bounced: {
    why: 'A mail to this address came back.',
    fix: 'Ask the buyer for another address, and enter it.',
    fields: ['email'],
  },
  too_large: {
    why: 'An event has more lines than an order can have.',
    fix: 'Look the order up at the provider, then release.',
    fields: [],
  },
  rename: {
    why: 'The buyer asks for another name.',
    fix: 'Reissue the order if you agree; then release the request, and its buyer gets a mail.',
    fields: [],
  },
  recover_other_address: {
    why: 'The buyer cannot read mail at the old address.',
    fix: 'Resend the order with that number if you believe it; then release the request.',
    fields: [],
  },
  erasure: {
    why: 'The buyer asks to be erased.',
    fix: 'Erase the person in an order if you may; then release the request.',
    fields: [],
  },
  generator: {
    why: 'The program that makes the serial failed.',
    fix: 'Correct the program and deploy, then release.',
    fields: [],
  },
};
