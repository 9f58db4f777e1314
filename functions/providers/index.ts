/** Every provider, by the last part of its address. The one file that a new one touches. */
import type { Provider } from '../core/provider.ts';
import { bluesnap } from './bluesnap.ts';
import { fastspring } from './fastspring.ts';
import { form } from './form.ts';
import { gumroad } from './gumroad.ts';
import { lemonsqueezy } from './lemonsqueezy.ts';
import { paddle } from './paddle.ts';
import { paypal } from './paypal.ts';
import { polar } from './polar.ts';
import { shop } from './shop.ts';
import { shopify } from './shopify.ts';
import { stripe } from './stripe.ts';
import { woocommerce } from './woocommerce.ts';

export const providers: Readonly<Record<string, Provider>> = {
  bluesnap,
  fastspring,
  form,
  gumroad,
  lemonsqueezy,
  paddle,
  paypal,
  polar,
  shop,
  shopify,
  stripe,
  woocommerce,
};
