/** The table of providers. CONTRIBUTING.md lists what a new provider changes. */
import type { Provider } from '../core/inbound/provider.ts';
import { twoCheckout } from './2checkout/provider.ts';
import { bluesnap } from './bluesnap/provider.ts';
import { creem } from './creem/provider.ts';
import { dodo } from './dodo/provider.ts';
import { fastspring } from './fastspring/provider.ts';
import { form } from './form/provider.ts';
import { freemius } from './freemius/provider.ts';
import { gumroad } from './gumroad/provider.ts';
import { lemonsqueezy } from './lemonsqueezy/provider.ts';
import { paddle } from './paddle/provider.ts';
import { paypal } from './paypal/provider.ts';
import { paypalIpn } from './paypal-ipn/provider.ts';
import { polar } from './polar/provider.ts';
import { shop } from './shop/provider.ts';
import { shopify } from './shopify/provider.ts';
import { stripe } from './stripe/provider.ts';
import { woocommerce } from './woocommerce/provider.ts';

const all: readonly Provider[] = [
  twoCheckout,
  bluesnap,
  creem,
  dodo,
  fastspring,
  form,
  freemius,
  gumroad,
  lemonsqueezy,
  paddle,
  paypal,
  paypalIpn,
  polar,
  shop,
  shopify,
  stripe,
  woocommerce,
];

/** Every provider by its name, which is the last part of its address. */
export const providers: Readonly<Record<string, Provider>> = Object.fromEntries(
  all.map((provider) => [provider.name, provider]),
);
