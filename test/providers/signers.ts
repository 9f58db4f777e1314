/** Any bytes, signed as each provider of the demo catalogue signs: what a forger cannot do, and a provider gone mad can. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Signed {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: Buffer;
}

/** @param page where `npm start` is, which vouches for PayPal's key. */
export type Signer = (body: Buffer, secret: string, now: number, page: string) => Signed;

const hmac = (key: string | Buffer, content: readonly (string | Buffer)[], as: 'hex' | 'base64') =>
  content.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest(as);
const seconds = (now: number) => String(Math.floor(now / 1000));

const standard: Signer = (body, secret, now) => {
  const at = seconds(now);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = `v1,${hmac(key, [`m.${at}.`, body], 'base64')}`;
  return { headers: { 'webhook-id': 'm', 'webhook-timestamp': at, 'webhook-signature': signature } };
};

export const signers: Readonly<Record<string, Signer>> = {
  shop: standard,
  polar: standard,
  stripe: (body, secret, now) => {
    const at = seconds(now);
    return { headers: { 'stripe-signature': `t=${at},v1=${hmac(secret, [`${at}.`, body], 'hex')}` } };
  },
  paddle: (body, secret, now) => {
    const at = seconds(now);
    return { headers: { 'paddle-signature': `ts=${at};h1=${hmac(secret, [`${at}:`, body], 'hex')}` } };
  },
  fastspring: (body, secret) => ({ headers: { 'x-fs-signature': hmac(secret, [body], 'base64') } }),
  lemonsqueezy: (body, secret) => ({ headers: { 'x-signature': hmac(secret, [body], 'hex') } }),
  gumroad: (body, secret) => ({
    headers: {},
    query: `secret=${encodeURIComponent(secret)}`,
    body: Buffer.concat([Buffer.from('seller_id=kL0psVL2admJSYRNs-EXAMPLE%3D%3D&'), body]),
  }),
  bluesnap: (body, secret, now) => {
    const at = new Date(now).toISOString().replace('T', ' ').replace('Z', '');
    return { headers: { 'bls-ipn-timestamp': at, 'bls-signature': hmac(secret, [at, body], 'hex') } };
  },
  shopify: (body, secret) => ({
    headers: {
      'x-shopify-topic': 'orders/paid',
      'x-shopify-hmac-sha256': hmac(secret, [body], 'base64'),
    },
  }),
  woocommerce: (body, secret) => ({
    headers: {
      'x-wc-webhook-topic': 'order.updated',
      'x-wc-webhook-signature': hmac(secret, [body], 'base64'),
    },
  }),
  paypal: (body, webhook, now, page) => {
    const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
    const { privateKey, address } = ourKey();
    return {
      headers: {
        'paypal-transmission-id': 'm',
        'paypal-transmission-time': time,
        'paypal-auth-algo': 'SHA256withRSA',
        'paypal-cert-url': `${page}/local/paypal/v1/notifications/certs/${address}`,
        'paypal-transmission-sig': sign(
          'sha256',
          Buffer.from(`m|${time}|${webhook}|${crc32(body)}`),
          privateKey,
        ).toString('base64'),
      },
    };
  },
};

let made: ReturnType<typeof newKey> | undefined;
function ourKey() {
  made ??= newKey();
  return made;
}

/** The look-alike of `npm start` finds the public half in its own address. */
function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { privateKey, address: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url') };
}
