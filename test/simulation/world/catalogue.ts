/** The catalogue and the keys of the simulation, and the expected serials, made with Node's cipher and not with our code. */
import { createCipheriv } from 'node:crypto';
import { type Catalogue, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { SCHEDULES } from '../script/schedules.ts';

export const SELLER = 'alarms@widgets.example.com';

const providers = Object.keys(SCHEDULES);
const soldAs = (...skus: string[]) => Object.fromEntries(providers.map((name) => [name, skus]));
/** The one provider whose test orders are ignored. */
export const IGNORES_TESTS = 'gumroad';

/** The store whose orders arrive by mail. */
export const KAGI = { sku: 'Widget 3', mail: { to: 'kagi@in.example.com', from: ['kagi.com'], ignore: [] } };

export const catalogue: Catalogue = defineConfig({
  seller: { ...seller, alarms: SELLER },
  providers: {
    kagi: { mail: KAGI.mail },
    ...Object.fromEntries(
      providers.map((name) => [
        name,
        { testOrders: name === IGNORES_TESTS ? 'ignore' : 'seller', ignore: ['consulting'] },
      ]),
    ),
  },
  products: {
    widget: { name: 'Widget', serial, skus: { ...soldAs('w', 'w-old'), kagi: [KAGI.sku] } },
    gadget: { name: 'Gadget', serial, skus: soldAs('g'), floor: { EUR: '10.00' } },
    latin: { name: 'Latin', serial: { ...serial, charset: 'windows-1252' }, skus: soldAs('l') },
    late: { name: 'Late', serial, skus: soldAs('k') },
  },
});

/** The product of each SKU. Other SKUs are unknown until a person assigns them to `widget`. */
export const PRODUCT_OF: Readonly<Record<string, string>> = {
  w: 'widget',
  'w-old': 'widget',
  g: 'gadget',
  l: 'latin',
  k: 'late',
};

/** True if the order has the line of this SKU. SKUs of one product are one line. */
export const hasLine = ({ lines }: Pick<Order, 'lines'>, sku: string): boolean =>
  lines.some((line) => line.sku === sku || line.product === (PRODUCT_OF[sku] ?? 'widget'));

/** Each version of each product's key. The second is added midway; `late` has no key until then. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  widget: ['1234567890123456', 'abcdefghijklmnop'],
  gadget: ['6543210987654321', 'ponmlkjihgfedcba'],
  latin: ['latinlatinlatin1', 'latinlatinlatin2'],
  late: ['', 'latelatelatelate'],
};

/** The value of the secret `product-keys`, before and after the renewal. */
export const secretOf = (renewed: boolean) =>
  Object.fromEntries(
    Object.entries(KEYS).map(([product, keys]) => [
      product,
      keys.slice(0, renewed ? 2 : 1).map((key, n) => ({ version: n + 1, key })),
    ]),
  );

const cache = new Map<string, string>();

/** Uses Node's own padding, and Latin 1 for the product `latin`. Returns undefined if that key does not exist. */
export function expectedSerial(product: string, version: number, licensee: string): string | undefined {
  const key = KEYS[product]?.[version - 1];
  if (!key) return undefined;
  const cacheKey = `${key}${licensee}`;
  const known = cache.get(cacheKey);
  if (known) return known;
  const cipher = createCipheriv('aes-128-ecb', key, null);
  const name = Buffer.from(licensee, product === 'latin' ? 'latin1' : 'utf8');
  const made = Buffer.concat([cipher.update(name), cipher.final()])
    .toString('hex')
    .toUpperCase();
  if (cache.size > 20_000) cache.clear();
  cache.set(cacheKey, made);
  return made;
}
