/** What is sold in the simulation, under which keys, and what its serials must be: worked out by hand, not by ours. */
import { createCipheriv } from 'node:crypto';
import { type Catalogue, defineConfig } from '../../functions/core/catalogue/catalogue.ts';
import { SCHEDULES } from './schedules.ts';

export const SELLER = 'alarms@widgets.example.com';

const serial = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } } as const;
const providers = Object.keys(SCHEDULES);
const soldAs = (...skus: string[]) => Object.fromEntries(providers.map((name) => [name, skus]));
/** The one provider whose test orders are no concern of ours. */
export const IGNORES_TESTS = 'gumroad';

export const catalogue: Catalogue = defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: SELLER,
  },
  providers: Object.fromEntries(
    providers.map((name) => [
      name,
      { testOrders: name === IGNORES_TESTS ? 'ignore' : 'seller', ignore: ['consulting'] },
    ]),
  ),
  products: {
    widget: { name: 'Widget', serial, skus: soldAs('w', 'w-old') },
    gadget: { name: 'Gadget', serial, skus: soldAs('g'), floor: { EUR: '10.00' } },
    latin: { name: 'Latin', serial: { ...serial, charset: 'windows-1252' }, skus: soldAs('l') },
    late: { name: 'Late', serial, skus: soldAs('k') },
  },
});

/** By SKU; what is not here nobody knows, until a person says that it is a widget. */
export const PRODUCT_OF: Readonly<Record<string, string>> = {
  w: 'widget',
  'w-old': 'widget',
  g: 'gadget',
  l: 'latin',
  k: 'late',
};

/** Each version of each product's key. The second comes midway; `late` has no key until then. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  widget: ['1234567890123456', 'abcdefghijklmnop'],
  gadget: ['6543210987654321', 'ponmlkjihgfedcba'],
  latin: ['latinlatinlatin1', 'latinlatinlatin2'],
  late: ['', 'latelatelatelate'],
};

/** What `product-keys` holds, before and after. */
export const secretOf = (renewed: boolean) =>
  Object.fromEntries(
    Object.entries(KEYS).map(([product, keys]) => [
      product,
      keys.slice(0, renewed ? 2 : 1).map((key, n) => ({ version: n + 1, key })),
    ]),
  );

const cache = new Map<string, string>();

/** By node's own padding; Latin's names stand in Latin 1. Undefined where there is no such key. */
export function serialByHand(product: string, version: number, licensee: string): string | undefined {
  const key = KEYS[product]?.[version - 1];
  if (!key) return undefined;
  const asked = `${key}${licensee}`;
  const known = cache.get(asked);
  if (known) return known;
  const cipher = createCipheriv('aes-128-ecb', key, null);
  const name = Buffer.from(licensee, product === 'latin' ? 'latin1' : 'utf8');
  const made = Buffer.concat([cipher.update(name), cipher.final()])
    .toString('hex')
    .toUpperCase();
  if (cache.size > 20_000) cache.clear();
  cache.set(asked, made);
  return made;
}
