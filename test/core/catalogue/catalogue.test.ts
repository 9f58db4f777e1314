import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CatalogueError,
  type CatalogueSettings,
  defineConfig,
  findBuiltIn,
  productsOf,
  unknownProviders,
} from '../../../functions/core/catalogue/catalogue.ts';
import demo from '../../../local/demo-shop.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';

const product = { name: 'Widget', serial, skus: { stripe: ['widget'] } };
const good = { seller, providers: { stripe: {} }, products: { widget: product } } satisfies CatalogueSettings;

/** Returns the mistakes that `defineConfig` reports, without a type check of the settings. */
function mistakes(settings: unknown): string[] {
  try {
    Reflect.apply(defineConfig, undefined, [settings]);
  } catch (error) {
    if (error instanceof CatalogueError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const withSeller = (changes: object) => ({ ...good, seller: { ...seller, ...changes } });
const withProvider = (changes: object) => ({ ...good, providers: { stripe: changes } });
const withProduct = (changes: object) => ({ ...good, products: { widget: { ...product, ...changes } } });

const KEYS_SET =
  'found what may be a secret, which must not be in this file; store it with `npm run keypost -- keys set';

describe('a catalogue', () => {
  it('is returned with its defaults filled in', () => {
    expect(defineConfig(good)).toMatchObject({
      seller: { ...seller, identity: 'records', locale: 'en' },
      providers: { stripe: { testOrders: 'ignore', ignore: [], licenseeField: 'licensee' } },
      products: {
        widget: { name: 'Widget', licensee: ['registration', 'person'], skus: { stripe: ['widget'] } },
      },
    });
  });

  it('passes the check a second time unchanged', () => {
    expect(defineConfig(demo)).toEqual(demo);
  });

  it('may have texts of mails with every placeholder, for all languages or by language', () => {
    const text = '{name} {serial} {product} {order}';
    const mail = {
      subject: text,
      instructions: { en: text, ja: text },
      help: { de: 'mailto:a@example.com' },
    };
    expect(defineConfig(withProduct({ mail })).products.widget?.mail).toEqual(mail);
  });

  it('may list a SKU for several products, which makes it a bundle', () => {
    const catalogue = defineConfig({ ...good, products: { widget: product, gadget: product } });
    expect(productsOf(catalogue, 'stripe', 'widget')).toEqual(['widget', 'gadget']);
  });

  it('finds the product of a SKU only for its provider', () => {
    const catalogue = defineConfig(good);
    expect(productsOf(catalogue, 'stripe', 'widget')).toEqual(['widget']);
    expect(productsOf(catalogue, 'shop', 'widget')).toEqual([]);
    expect(productsOf(catalogue, 'stripe', 'constructor')).toEqual([]);
    expect(productsOf(catalogue, 'constructor', 'widget')).toEqual([]);
  });

  it('finds the provider behind a name only if it is enabled, built in and not inherited', () => {
    const catalogue = defineConfig({
      ...good,
      providers: { stripe: {}, second: { as: 'stripe' }, none: { as: 'tostring' } },
    });
    const table = { stripe: 1, shop: 2, second: 3 };
    const names = ['stripe', 'second', 'shop', 'none', 'constructor'];
    expect(names.map((name) => findBuiltIn(catalogue, name, table))).toEqual([
      1,
      1,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('reports an unknown provider', () => {
    const catalogue = defineConfig({ ...good, providers: { stripe: {}, strype: {} } });
    expect(unknownProviders(catalogue, { shop: {}, stripe: {} })).toEqual([
      'providers.strype: found an unknown provider; write one of shop, stripe, or `use` with a provider of your own',
    ]);
    expect(unknownProviders(defineConfig(good), { shop: {}, stripe: {} })).toEqual([]);
  });
});

describe('a mistake in the catalogue', () => {
  const rows: readonly [settings: unknown, ...lines: string[]][] = [
    [
      undefined,
      'the catalogue: found nothing; write { seller, providers, products, stack, protect, dashboard, api, pages, runbook }',
    ],
    [
      [],
      'the catalogue: found an empty list; write { seller, providers, products, stack, protect, dashboard, api, pages, runbook }',
    ],
    [
      {},
      'seller: found nothing; write { name, from, replyTo, alarms, locale, imprint, privacy, logo, accent, words, identity }',
      'providers: found nothing; write settings by provider, like { shop: {} }',
      "products: found nothing; write products by a name of yours, like { 'widget-mac': { … } }",
    ],
    [
      { ...good, colour: 1 },
      'colour: found an unknown field; write { seller, providers, products, stack, protect, dashboard, api, pages, runbook }',
    ],

    [
      withSeller({ phone: '1' }),
      'seller.phone: found an unknown field; write { name, from, replyTo, alarms, locale, imprint, privacy, logo, accent, words, identity }',
    ],
    [
      withSeller({ from: 'orders.example.com' }),
      'seller.from: found "orders.example.com"; write an address like orders@example.com',
    ],
    [
      withSeller({ replyTo: ' support@bücher.example' }),
      'seller.replyTo: found " support@bücher.example"; write "support@xn--bcher-kva.example"',
    ],
    [withSeller({ alarms: 5 }), 'seller.alarms: found 5; write an address like orders@example.com'],
    [
      withSeller({ name: 'Widget\r\nBcc: all@example.com' }),
      'seller.name: found "Widget\\r\\nBcc: all@example.com"; write text in one line, at most 200 characters, no space around it',
    ],
    [
      withSeller({ name: 'x'.repeat(201) }),
      `seller.name: found "${'x'.repeat(40)}…"; write text in one line, at most 200 characters, no space around it`,
    ],
    [
      withSeller({ identity: { zone: { id: 'Z1' } } }),
      "seller.identity: found an object; write 'records', 'existing', or { zone: { id: 'Z…', name: 'example.com' } }",
    ],

    [
      { ...good, providers: {} },
      'providers: found an empty object; write at least one',
      notEnabled('widget'),
    ],
    [
      { ...good, providers: { ...good.providers, Shop: {} } },
      'providers.Shop: found "Shop"; write small letters, digits and hyphens',
    ],
    ...['hand', 'held', 'keys', 'lease', 'notice'].map((name): [unknown, ...string[]] => [
      { ...good, providers: { ...good.providers, [name]: { as: 'shop' } } },
      `providers.${name}: found "${name}"; write another name; Keypost reserves batch, codes, cursor, hand, held, keys, lease, notice, request`,
    ]),
    [
      { ...good, products: { constructor: product } },
      'products.constructor: found "constructor"; write another name; JavaScript reserves this one',
    ],
    [
      withProvider({ as: 'constructor' }),
      'providers.stripe.as: found "constructor"; write another name; JavaScript reserves this one',
    ],
    [
      withProvider({ orders: 'hand' }),
      `providers.stripe.orders: found "hand"; write another name; Keypost reserves batch, codes, cursor, hand, held, keys, lease, notice, request`,
    ],
    [
      withProvider({ testOrders: 'buyer' }),
      'providers.stripe.testOrders: found "buyer"; write one of "ignore", "seller"',
    ],
    [
      withProvider({ ignore: 'widget' }),
      `providers.stripe.ignore: found "widget"; write a list of SKUs, like ['widget-1']`,
    ],

    [{ ...good, products: {} }, 'products: found an empty object; write at least one'],
    [
      { ...good, products: { 'Widget Pro': product } },
      'products["Widget Pro"]: found "Widget Pro"; write small letters, digits and hyphens',
    ],
    [withProduct({ skus: {} }), 'products.widget.skus: found an empty object; write at least one'],
    [
      withProduct({ skus: { stripe: [] } }),
      'products.widget.skus.stripe: found an empty list; write at least one',
    ],
    [
      withProduct({ skus: { stripe: [''] } }),
      'products.widget.skus.stripe[0]: found ""; write text in one line, at most 200 characters, no space around it',
    ],
    [
      withProduct({ skus: { stripe: ['widget', 'widget'] } }),
      'products.widget.skus.stripe[1]: found "widget", which is also at products.widget.skus.stripe[0]; write it once',
    ],
    [
      withProvider({ ignore: ['hour', 'widget'] }),
      'providers.stripe.ignore[1]: found "widget", which is also at products.widget.skus.stripe[0]; write it once',
    ],
    [withProduct({ skus: { stripe: ['widget'], paddle: ['pri_1'] } }), notEnabled('widget', 'paddle')],
    [
      withProduct({ licensee: ['person', 'seller'] }),
      'products.widget.licensee[1]: found "seller"; write one of "registration", "person", "company"',
    ],
    [withProduct({ licensee: [] }), 'products.widget.licensee: found an empty list; write at least one'],
    [
      withProduct({ floor: { EUR: 10 } }),
      "products.widget.floor.EUR: found 10; write an amount in quotes, like '10.00'",
    ],
    [
      withProduct({ floor: { EUR: '10,00' } }),
      'products.widget.floor.EUR: found "10,00"; write an amount in quotes, like \'10.00\'',
    ],
    [withProduct({ floor: {} }), 'products.widget.floor: found an empty object; write at least one'],
    [
      withProduct({ floor: { plain: { EUR: 10 } } }),
      "products.widget.floor.plain: found an object; write amounts in quotes by currency, like { EUR: '10.00' }",
    ],
    [withProduct({ trial: 'mail' }), `products.widget.trial: found "mail"; write 'serial', or nothing`],
    [
      withProduct({ floor: { euro: '10.00' } }),
      'products.widget.floor.euro: found "euro"; write a currency in three capital letters, like EUR',
    ],
    [
      withProduct({ mail: { instructions: '\n' } }),
      'products.widget.mail.instructions: found "\\n"; write plain text, at most 5,000 characters',
    ],
    [
      withProduct({ mail: { subject: 'Welcome, {{name}}!' } }),
      'products.widget.mail.subject: found {{name}}, which is no placeholder; write {name}, {serial}, {product}, {order}',
    ],
    [
      withProduct({ mail: { instructions: { en: 'Hi', de: 'Hallo {Name}' } } }),
      'products.widget.mail.instructions.de: found {Name}, which is no placeholder; write {name}, {serial}, {product}, {order}',
    ],
    [
      withProduct({ mail: { activate: 'widgetpro://activate?name={name' } }),
      'products.widget.mail.activate: found {, which is no placeholder; write {name}, {serial}, {product}, {order}',
    ],
    [
      withProduct({ mail: { help: 'javascript:alert(1)' } }),
      'products.widget.mail.help: found "javascript:alert(1)"; write an address like https://example.com/help',
    ],
    [
      withProduct({ mail: { subject: { xx: 'Hi' } } }),
      'products.widget.mail.subject.xx: found an unknown language; write one of en, de, de-x-du, fr, es, it, ja',
    ],
    [
      withProduct({ mail: { download: {} } }),
      'products.widget.mail.download: found an empty object; write a text, or texts by language like { en: …, de: … }',
    ],
    [
      withSeller({ locale: 'deutsch!', accent: 'red', logo: 'http://example.com/a.png' }),
      'seller.locale: found "deutsch!"; write a BCP 47 tag like en or de-AT',
      'seller.logo: found "http://example.com/a.png"; write an address like https://example.com/logo.png',
      'seller.accent: found "red"; write a colour like #0a7c4f',
    ],
    [
      withSeller({ words: { de: { keep: 'Hi {name}', thanks: { other: 'Danke', dual: 'x' }, bye: 'x' } } }),
      'seller.words.de.keep: found {name}, which is no placeholder; write no braces',
      'seller.words.de.thanks.dual: found an unknown form; write one of other, zero, one, two, few, many',
      expect.stringContaining('seller.words.de.bye: found an unknown sentence; write one of hello, '),
    ],
    [
      withProduct({ serial: { ...serial, mode: 'ecb', padding: 'none' } }),
      'products.widget.serial.padding: found "none"; write one of pkcs7, null, space, x923, iso7816, null-pkcs7: whole blocks are needed, and \'null\' adds nothing to a name that fills them',
    ],
    [
      withProduct({ serial: { ...serial, charset: 'ebcdic' } }),
      'products.widget.serial.charset: found "ebcdic"; write one of "utf8", "windows-1252", "macroman", "latin1", "utf16le"',
    ],

    [
      {
        ...withSeller({ from: '' }),
        products: { widget: { ...product, skus: { shop: ['a', 'a'] }, colour: 'red' } },
      },
      'seller.from: found ""; write an address like orders@example.com',
      'products.widget.colour: found an unknown field; write { name, serial, licensee, skus, floor, trial, mail }',
      notEnabled('widget', 'shop'),
      'products.widget.skus.shop[1]: found "a", which is also at products.widget.skus.shop[0]; write it once',
    ],
  ];
  /** Returns what is found by path, without what to write instead. A line may be a matcher. */
  const foundIn = (lines: readonly string[]) =>
    Object.fromEntries(
      lines.map((line) => /^(.+?): found ([^;]+)/.exec(line)?.slice(1) ?? ['more', 'found']),
    );
  testEach(rows.map(([settings, ...lines]) => [foundIn(lines), settings, lines] as const))(
    'is reported: $0',
    (_, settings, lines) => {
      expect(mistakes(settings)).toEqual(lines);
    },
  );

  const secretRows: readonly [settings: unknown, line: string][] = [
    [withProduct({ key: '1234567890123456' }), `products.widget.key: ${KEYS_SET} widget\``],
    [withProvider({ signing: ['whsec_secret'] }), `providers.stripe.signing: ${KEYS_SET} stripe\``],
    [withProvider({ secret: 'whsec_secret' }), `providers.stripe.secret: ${KEYS_SET} stripe\``],
    [withSeller({ password: 'hunter2' }), `seller.password: ${KEYS_SET} <product>\``],
    [{ ...good, productKeys: { widget: 'hunter2' } }, `productKeys: ${KEYS_SET} <product>\``],
    [
      withProduct({ serial: { ...serial, secretKey: '1234567890123456' } }),
      `products.widget.serial.secretKey: ${KEYS_SET} widget\``,
    ],
    [
      withProduct({ serial: { ...serial, key: '1234567890123456' } }),
      'products.widget.serial.key: found a text',
    ],
    [
      withProvider({ testOrders: 'whsec_secret' }),
      'providers.stripe.testOrders: found text of 12 characters;',
    ],
    [withSeller({ from: '0123456789abcdef' }), 'seller.from: found text of 16 characters;'],
  ];
  testEach(secretRows.map(([settings, line]) => [line.split(':')[0], settings, line] as const))(
    'that may be a secret is reported without its value: $0',
    (_, settings, line) => {
      const all = mistakes(settings);
      expect(all).toEqual([expect.stringContaining(line)]);
      expect(all.join()).not.toMatch(/1234567890123456|whsec_secret|hunter2|0123456789abcdef/);
    },
  );

  it('always throws a CatalogueError, whatever the settings', () => {
    const anything = fc.oneof(fc.anything(), fc.constantFrom(good.seller, good.providers, good.products));
    const settings = fc.record(
      { seller: anything, providers: anything, products: anything },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(settings, (one) => void mistakes(one)));
  });
});

function notEnabled(product: string, provider = 'stripe') {
  return `products.${product}.skus.${provider}: found SKUs of a provider that is not enabled; write ${provider}: {} under providers, or no SKUs of it`;
}
