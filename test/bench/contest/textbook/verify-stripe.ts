/** https://docs.stripe.com/webhooks?lang=node, as a middleware: https://middy.js.org/docs/writing-middlewares/intro */
import type { MiddlewareObj } from '@middy/core';
import Stripe from 'stripe';
import * as z from 'zod';
import { keys } from './secret.ts';

// Its key is for calls to Stripe's API, and none is made.
const stripe = new Stripe('sk_unused');

const HttpEvent = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  isBase64Encoded: z.boolean().default(false),
});

/** Passes the verified event to the handler. */
export const verifyStripe = (): MiddlewareObj => ({
  before: async (request) => {
    const { headers, body, isBase64Encoded } = HttpEvent.parse(request.event);
    const { stripeSigningSecret } = await keys();
    const raw = isBase64Encoded ? Buffer.from(body, 'base64') : body;
    try {
      const signature = headers['stripe-signature'] ?? '';
      request.event = stripe.webhooks.constructEvent(raw, signature, stripeSigningSecret);
      return undefined;
    } catch {
      return { statusCode: 400, body: 'bad signature' };
    }
  },
});
