/** The fields of a paid checkout session: https://docs.stripe.com/api/checkout/sessions/object */
import * as z from 'zod';

const Completed = z.object({
  type: z.enum(['checkout.session.completed', 'checkout.session.async_payment_succeeded']),
  data: z.object({
    object: z.object({
      id: z.string(),
      payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
      amount_total: z.number().int().nonnegative(),
      currency: z.string().length(3),
      customer_details: z.object({ name: z.string().min(1), email: z.email() }),
      metadata: z.object({ product_id: z.string() }),
    }),
  }),
});
const Event = z.object({ type: z.string() });

export interface Checkout {
  readonly orderId: string;
  readonly name: string;
  readonly email: string;
  readonly product: string;
  readonly amount: number;
  readonly currency: string;
}

/** Returns undefined if the event is not a paid order. */
export function checkout(event: unknown): Checkout | undefined {
  if (!Event.parse(event).type.startsWith('checkout.session.')) return undefined;
  const { object: session } = Completed.parse(event).data;
  if (session.payment_status === 'unpaid') return undefined;
  return {
    orderId: session.id,
    name: session.customer_details.name,
    email: session.customer_details.email,
    product: session.metadata.product_id,
    amount: session.amount_total,
    currency: session.currency,
  };
}
