/** Every provider that can be simulated. */
import { bluesnap } from './bluesnap/simulator.ts';
import { fastspring } from './fastspring/simulator.ts';
import { form } from './form/simulator.ts';
import { gumroad } from './gumroad/simulator.ts';
import { lemonsqueezy } from './lemonsqueezy/simulator.ts';
import { paddle } from './paddle/simulator.ts';
import { paypal } from './paypal/simulator.ts';
import { polar } from './polar/simulator.ts';
import { shop } from './shop/simulator.ts';
import { shopify } from './shopify/simulator.ts';
import type { Simulator } from './simulator.ts';
import { stripe } from './stripe/simulator.ts';
import { woocommerce } from './woocommerce/simulator.ts';

export const simulators: Readonly<Record<string, Simulator>> = {
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
