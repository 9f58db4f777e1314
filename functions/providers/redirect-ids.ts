/**
 * The providers that send the buyer to a page of the seller's with an ID that cannot be guessed, and the form of that ID.
 * Stripe puts it into the address: https://docs.stripe.com/payments/checkout/custom-success-page
 * Paddle passes it to the seller's page: https://developer.paddle.com/paddlejs/events/checkout-completed
 */
export const redirectIds: Readonly<Record<string, RegExp>> = {
  stripe: /^cs_(?:live|test)_[\w-]{24,}$/,
  paddle: /^txn_[0-9a-z]{26}$/,
};
