/** The structure of every kind of mail in every language, as another MIME reader (postal-mime) finds it. */
import PostalMime from 'postal-mime';
import { describe, expect, it, test } from 'vitest';
import { toMime } from '../../../functions/aws/ses/mime.ts';
import { type CatalogueSettings, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import type { Buyer } from '../../../functions/core/inbound/event.ts';
import { COUNTRIES, languageOf, loadWords, TAGS } from '../../../functions/core/mail/language.ts';
import { serialMail } from '../../../functions/core/mail/message.ts';
import { PLURALS, SENTENCES } from '../../../functions/core/mail/sentences.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import type { Line, Order, Send } from '../../../functions/core/order/types.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';

const ACTIVATE = 'widgetpro://activate?name={name}&serial={serial}';
const skus = { stripe: ['w'] };
const settings = {
  seller: { ...seller, imprint: 'Widget Works\nExample Street 1', privacy: 'https://example.com/privacy' },
  providers: { stripe: {} },
  products: {
    widget: {
      ...{ name: 'WidgetPro', serial, skus },
      mail: {
        download: 'https://example.com/{order}.zip',
        help: 'https://example.com/help',
        activate: ACTIVATE,
      },
    },
    gadget: {
      name: 'Gadget',
      serial,
      skus,
      mail: { subject: { en: 'Enjoy {product}', de: 'Viel Spaß mit {product}' } },
    },
    third: { name: 'Dritte', serial, skus },
    fourth: { name: 'Quarto', serial, skus },
  },
} satisfies CatalogueSettings;
const catalogue = defineConfig(settings);

const SERIAL = 'q83/vN0+=';
const lineOf = (product: string, id: number, licensee = 'Zoë Example'): Line => ({
  ...{ id, sku: product, product, quantity: 1, via: 'mail', state: 'issued', superseded: [] },
  issued: { n: 1, licensee, serial: id === 1 ? SERIAL : `CODE-${id}`, keyVersion: 1 },
});
const heldLine = {
  id: 9,
  sku: 'x',
  product: null,
  quantity: 1,
  via: 'mail',
  state: 'held',
  reason: 'unknown_product',
} as const;
const one = lineOf('widget', 1);
const many = ['widget', 'gadget', 'third', 'fourth'].map((product, n) => lineOf(product, n + 1));
const order = (changes: Partial<Order> = {}): Order => ({
  ...emptyOrder('stripe#A-1', 'stripe', false, 0),
  buyer: { name: 'Zoë Example', email: 'zoe@example.com' },
  lines: [one],
  ...changes,
});
const send = (about: Send['about']): Send => ({
  ...{ n: 1, to: 'zoe@example.com', about, tries: 1, state: 'in_flight', until: '' },
  carries: many.map(({ id }) => ({ line: id, issue: 1 })),
});
const trial = { at: '2026-11-23T00:00:00.000Z', until: '2026-12-05T00:00:00.000Z' };

const KINDS: Readonly<Record<string, readonly [Send['about'], Order]>> = {
  'one product': ['serials', order()],
  'four products': ['serials', order({ lines: many })],
  'a gift': ['serials', order({ buyer: { name: 'Ann Sample', email: 'ann@example.com' } })],
  'a gift to the recipient': ['serials', order({ buyer: { email: 'zoe@example.com', payer: 'Ann Sample' } })],
  copies: ['serials', order({ lines: [{ ...one, quantity: 1_000 }] })],
  'a test': ['serials', order({ test: true, buyer: {} })],
  'a held part': ['serials', order({ lines: [one, heldLine] })],
  'a trial': ['trial', order({ trial })],
  'a trial without an end': ['trial', order({ trial: { at: trial.at } })],
  'a transfer': ['moved', order()],
  'a held order': ['held', order({ lines: [heldLine] })],
  'a missing name': ['held', order({ lines: [{ ...heldLine, reason: 'no_name' }] })],
};

const render = async (tag: string, [about, given]: readonly [Send['about'], Order], shop = catalogue) => {
  const message = serialMail(shop, given, send(about), await loadWords(shop.seller, tag));
  const { html = '', text = '', subject = '' } = await PostalMime.parse(toMime(message));
  return { html: html.trimEnd(), text: text.trimEnd(), subject };
};

describe.each(TAGS)('in %s', (tag) => {
  it.each(Object.entries(KINDS))('the mail of %s is complete', async (_, kind) => {
    const { html, text, subject } = await render(tag, kind);
    expect(html).toContain(`<html lang="${tag.slice(0, 2)}" dir="ltr">`);
    expect(html).toContain(`<title>${subject}</title>`);
    const own = [/WidgetPro|Widget Works|Example Street/g, /(?:https|widgetpro):\S+/g].reduce(
      (rest, pattern) => rest.replace(pattern, ''),
      `${subject} ${text}`,
    );
    expect(own).not.toMatch(/[{}]|undefined/);
    if (tag !== 'en')
      expect(own).not.toMatch(/\b(?:the|your|and|is|was|for|please|order|copies|more|serial)\b/i);
    expect(text).toContain('Widget Works\nExample Street 1');
    expect(text).toContain(': https://example.com/privacy');
    const issued = kind[0] === 'serials' ? kind[1].lines.filter(({ state }) => state === 'issued') : [];
    const lines = text.split('\n');
    expect(lines.filter((found) => found === 'Zoë Example')).toHaveLength(issued.length);
    expect(lines.filter((found) => found === SERIAL)).toHaveLength(Math.min(1, issued.length));
    for (const line of issued)
      if (line.state === 'issued') expect(html).toContain(`>${line.issued.serial}</code>`);
  });

  test('the seller’s subject names three products and the number of the others', async () => {
    const { subject } = await render(tag, ['serials', order({ lines: many })]);
    expect(subject).toMatch(tag.startsWith('de') ? /^Viel Spaß mit / : /^Enjoy /);
    expect(subject).toMatch(/WidgetPro.*Gadget.*Dritte.*1/);
    expect(subject).not.toContain('Quarto');
  });

  test('every sentence is a translation with a form for each number', async () => {
    const [words, english] = await Promise.all([tag, 'en'].map((one) => loadWords(catalogue.seller, one)));
    if (!words || !english) throw new Error('no words');
    for (const key of Object.keys(SENTENCES))
      if (tag !== 'en' && key !== 'name')
        expect(Reflect.get(words, key), key).not.toBe(Reflect.get(english, key));
    const rules = new Intl.PluralRules(words.lang);
    const used = new Set([1, 2, 3, 5, 11, 100, 1_000].map((count) => rules.select(count)));
    for (const key of Object.keys(PLURALS))
      expect(Object.keys(Reflect.get(words, key)).sort(), key).toEqual([...used].sort());
  });
});

testEach([
  ['A&B <x>', 'A%26B%20%3Cx%3E'],
  ['Zoë Müller', 'Zo%C3%AB%20M%C3%BCller'],
  ['O’Neil "Q"', 'O%E2%80%99Neil%20%22Q%22'],
  ['👩‍👩‍👧 Ltd', '%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7%20Ltd'],
  ['山田 太郎', '%E5%B1%B1%E7%94%B0%20%E5%A4%AA%E9%83%8E'],
  ['{serial}', '%7Bserial%7D'],
])('the links of $0 are encoded once, as a button and as text', async (licensee, encoded) => {
  const { html, text } = await render('ja', ['serials', order({ lines: [lineOf('widget', 1, licensee)] })]);
  const address = `widgetpro://activate?name=${encoded}&serial=q83%2FvN0%2B%3D`;
  expect(text.split('\n')).toContain(address);
  expect(html).toContain(`href="${address.replaceAll('&', '&amp;')}"`);
  expect(html).toContain(`>${address.replaceAll('&', '&amp;')}</span>`);
  expect(html).toContain('href="https://example.com/A-1.zip"');
});

testEach<[buyer: Buyer, seller: string, tag: string]>([
  [{}, 'en', 'en'],
  [{}, 'de-AT', 'de'],
  [{}, 'pt', 'en'],
  [{ locale: 'de' }, 'en', 'de'],
  [{ locale: 'de_DE' }, 'en', 'de'],
  [{ locale: 'FR-ca' }, 'en', 'fr'],
  [{ locale: 'auto', country: 'JP' }, 'en', 'ja'],
  [{ locale: 'pt-BR', country: 'BR' }, 'es', 'es'],
  [{ locale: 'constructor' }, 'it', 'it'],
  [{ locale: 'en', country: 'DE' }, 'de', 'en'],
  [{ country: 'AT' }, 'en', 'de'],
  [{ country: 'mx' }, 'en', 'es'],
  [{ country: 'CH' }, 'it', 'it'],
  [{ country: 'BE' }, 'en', 'en'],
  [{ country: 'CA' }, 'fr', 'fr'],
  [{ country: 'LU' }, 'en', 'en'],
  [{ country: 'Germany' }, 'en', 'en'],
  [{ locale: 'de-DE' }, 'de-x-du', 'de-x-du'],
  [{ country: 'DE' }, 'de-x-du', 'de-x-du'],
  [{ locale: 'fr' }, 'de-x-du', 'fr'],
])('a buyer where $0, of a seller of $1, gets $2', (buyer, locale, tag) => {
  expect(languageOf({ locale }, buyer)).toBe(tag);
});

test('each country has the likely language that CLDR states', () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = Array.from({ length: 26 }, (_, at) => String.fromCharCode(65 + at));
  const codes = letters.flatMap((one) => letters.map((other) => one + other));
  const several = 'BE CA CH CM LU'.split(' ');
  const noCountry = 'CS DD DY EU EZ FX HV QO UN XA XB ZR ZZ'.split(' ');
  const likely = (code: string) => new Intl.Locale(`und-${code}`).maximize().language;
  for (const [language, text] of Object.entries(COUNTRIES)) {
    const countries = codes.filter((code) => names.of(code) && likely(code) === language);
    const ours = countries.filter((code) => !several.includes(code) && !noCountry.includes(code));
    expect(text.split(/\s+/)).toEqual(ours);
  }
});

test('the seller’s own sentence replaces ours in its language only', async () => {
  const words = { de: { keep: 'Gut aufheben!', copies: { other: '{count} Stück' } } };
  const shop = defineConfig({ ...settings, seller: { ...settings.seller, words } });
  const copies = KINDS.copies ?? ['serials', order()];
  const german = await render('de', copies, shop);
  expect(german.text).toContain('Gut aufheben!');
  expect(german.text).toContain('1.000 Stück');
  expect((await render('fr', copies, shop)).text).not.toContain('Gut aufheben!');
});

test.each([
  ['no_name', true, true],
  ['price_unknown', true, false],
  ['no_name', false, false],
] as const)(
  'the mail about %s, with corrections %s, has the button to the name page: %s',
  async (reason, corrections, has) => {
    const shop = defineConfig({ ...settings, pages: { corrections } });
    const links = { licences: 'https://example.com/licences', name: 'https://example.com/name/1' };
    const given = order({ paidAt: trial.at, lines: [{ ...heldLine, reason }] });
    const { text = '' } = serialMail(shop, given, send('held'), await loadWords(shop.seller, 'en'), links);
    expect(text.includes(links.name)).toBe(has);
  },
);

testEach([
  [undefined, 'color:inherit'],
  ['#ffee00', 'background:#ffee00;border-color:#ffee00;color:#000'],
  ['#102040', 'background:#102040;border-color:#102040;color:#fff'],
  // On #757575, white text has a contrast of 4.61 and black text 4.56. On a lighter grey, black has more.
  ['#757575', 'background:#757575;border-color:#757575;color:#fff'],
  ['#767676', 'background:#767676;border-color:#767676;color:#000'],
])('where the accent is $0, a button has $1', async (accent, style) => {
  const logo = 'https://example.com/logo.png?a=1&b=2';
  const shop = defineConfig({ ...settings, seller: { ...settings.seller, ...(accent && { accent }), logo } });
  const { html, text } = await render('en', ['serials', order()], shop);
  expect(html).toContain(`;${style}">Activate</a>`);
  expect(html).toContain('<img src="https://example.com/logo.png?a=1&amp;b=2" alt="Widget Works"');
  expect(text).toBe((await render('en', ['serials', order()])).text);
});
