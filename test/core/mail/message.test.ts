import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CatalogueSettings, defineConfig } from '../../../functions/core/catalogue/catalogue.ts';
import { loadWords } from '../../../functions/core/mail/language.ts';
import { serialMail } from '../../../functions/core/mail/message.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import { keyOf, type Line, type Order, type Send } from '../../../functions/core/order/types.ts';
import { anyChar } from '../../fixtures/any-char.ts';
import { seller, serial } from '../../fixtures/catalogue.ts';
import { testEach } from '../../fixtures/in-words.ts';

const widget = { name: 'WidgetPro for Mac', serial, skus: { stripe: ['widget', 'widget-site'] } };
const gadget = { name: 'Gadget', serial, skus: { stripe: ['gadget'] } };
const settings = {
  seller,
  providers: { stripe: {} },
  products: { widget, gadget, third: { ...gadget, name: 'Third', skus: { stripe: ['third'] } } },
} satisfies CatalogueSettings;
const catalogue = defineConfig(settings);
const words = await loadWords(catalogue.seller, 'en');

const SERIAL = 'A9E07D2DCD4F7A2C68C9C3CBC4A9C0D3';
const issued = { n: 1, licensee: 'Zoë Example', serial: SERIAL, keyVersion: 1 };
const line = {
  id: 1,
  sku: 'widget',
  product: 'widget',
  quantity: 1,
  via: 'mail',
  state: 'issued',
  issued,
  superseded: [],
} as const;
const gadgetLine = {
  ...line,
  ...{ id: 2, sku: 'gadget', product: 'gadget', issued: { ...issued, serial: 'B00B' } },
} as const;
const heldLine = {
  id: 3,
  sku: 'x',
  product: null,
  quantity: 1,
  via: 'mail',
  state: 'held',
  reason: 'unknown_product',
} as const;

function order(changes: Partial<Order> = {}): Order {
  const paid: Order = {
    ...emptyOrder(keyOf('stripe', false, 'pi_3Example'), 'stripe', false, 0),
    buyer: { name: 'Zoë Example', email: 'zoe@example.com' },
    paidAt: '2026-11-23T03:00:00.000Z',
    lines: [line],
  };
  return { ...paid, ...changes };
}

/** The first mail of the order; it carries the lines 1 to 9. */
const first: Send = {
  ...{ n: 1, to: 'zoe@example.com', about: 'serials', tries: 1, state: 'in_flight', until: '' },
  carries: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => ({ line: id, issue: 1 })),
};
const mail = (changes: Partial<Order> = {}) => serialMail(catalogue, order(changes), first, words);

/** Renders our HTML as a mail reader does: without title and tags, entities decoded, single spaces. */
function shownIn(html: string): string {
  const shown = html
    .replace(/<title>.*<\/title>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  return spaced(shown);
}
const spaced = (text: string) => text.replace(/\s+/g, ' ').trim();
/** Removes all spaces: a tag separates a name from the comma after it, the plain text does not. */
const letters = (text: string) => text.replace(/\s+/g, '');

describe('a mail without a serial', () => {
  const pending = { ...line, state: 'pending', issued: undefined, superseded: undefined } as const;
  const heldFor = (reason: 'no_name' | 'below_floor') => order({ lines: [{ ...heldLine, reason }] });
  const trial = { at: '2026-11-23T00:00:00.000Z', until: '2026-12-05T00:00:00.000Z' };
  it.each([
    [
      'trial',
      order({ paidAt: undefined, trial, lines: [pending] }),
      'WidgetPro for Mac runs until December 5, 2026. Your serial comes by mail with the first payment.',
    ],
    [
      'trial',
      order({ paidAt: undefined, trial: { at: trial.at }, lines: [pending] }),
      'Your trial of WidgetPro for Mac has begun.',
    ],
    ['held', heldFor('no_name'), 'Please reply with the name'],
    ['held', heldFor('below_floor'), 'A person looks at your order first.'],
  ] as const)('about %s says what comes next', (about, one, text) => {
    const message = serialMail(catalogue, one, { ...first, about, carries: [] }, words);
    expect(message.to).toBe('zoe@example.com');
    expect(message.text).toContain(text);
    expect(spaced(shownIn(message.html))).toContain('Hello Zoë Example');
    expect(message.text).not.toContain(SERIAL);
  });

  it('about a transfer goes to the previous owner and does not name the new one', () => {
    const message = serialMail(
      catalogue,
      order(),
      {
        ...first,
        to: 'ann@example.com',
        about: 'moved',
        carries: [],
      },
      words,
    );
    expect(message.to).toBe('ann@example.com');
    expect(message.subject).toBe('Your licence for WidgetPro for Mac was transferred (order pi_3Example)');
    expect(message.text).not.toMatch(/Zoë|zoe@/);
    expect(message.text).not.toContain(SERIAL);
  });
});

describe('the mail', () => {
  it('equals the golden file', async () => {
    const message = mail({ lines: [{ ...line, quantity: 3 }, heldLine] });
    const { text, html, ...head } = message;
    const golden = [JSON.stringify(head, null, 2), text, html].join('\n--\n');
    await expect(golden).toMatchFileSnapshot('../../fixtures/mail/serial-mail.txt');
  });

  it('equals the example in docs/mail.md', () => {
    expect(readFileSync('docs/mail.md', 'utf8')).toContain(`\n\`\`\`text\n${mail().text}\`\`\`\n`);
  });

  it('has the name and then the serial, each on its own line', () => {
    const lines = mail().text.split('\n');
    expect(lines.filter((one) => one.includes('Zoë Example'))).toEqual(['Hello Zoë Example,', 'Zoë Example']);
    expect(lines.filter((one) => one.includes(SERIAL))).toEqual([SERIAL]);
    expect(lines.lastIndexOf('Zoë Example')).toBeLessThan(lines.indexOf(SERIAL));
    expect(mail().html).toMatch(/<code [^>]*>Zoë Example<\/code>/);
    expect(mail().html).toMatch(new RegExp(`<code [^>]*>${SERIAL}</code>`));
  });

  it('comes from the seller, who receives the replies', () => {
    expect(mail()).toMatchObject({
      to: 'zoe@example.com',
      from: { name: 'Widget Works', address: 'orders@widgets.example.com' },
      replyTo: 'support@widgets.example.com',
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'X-Entity-Ref-ID': 'stripe#pi_3Example',
      },
    });
  });

  it('has its domain in Punycode, as SES requires', () => {
    expect(mail({ buyer: { email: ' zoe@bücher.example ' } }).to).toBe('zoe@xn--bcher-kva.example');
  });

  it('contains exactly the serials that its send names', () => {
    const lines: Line[] = [
      line,
      gadgetLine,
      { ...line, id: 10, sku: 'sent' },
      { ...line, id: 4, sku: 'reissued', issued: { ...issued, n: 2 } },
    ];
    const message = mail({ lines });
    expect(message.text.match(/^(?:A9E07D2DCD4F7A2C68C9C3CBC4A9C0D3|B00B)$/gm)).toEqual([SERIAL, 'B00B']);
    expect(message.text).toMatch(/^Gadget$/m);
  });

  it('has one section for several copies', () => {
    const { text } = mail({ lines: [{ ...line, quantity: 3 }] });
    expect(text.match(new RegExp(SERIAL, 'g'))).toHaveLength(1);
    expect(text).toContain('3 copies: the serial is the same for each.');
  });

  it('announces a later mail only if a mailed line is held', () => {
    const follows = 'its serial follows in a separate mail.';
    expect(mail({ lines: [line, heldLine] }).text).toContain(follows);
    expect(mail().text).not.toContain(follows);
    expect(mail({ lines: [line, { ...heldLine, via: 'answer' }] }).text).not.toContain(follows);
  });

  testEach<[buyer: Order['buyer'], isGift: string | undefined]>([
    [{ name: 'Ann Example' }, 'This is a gift: the licence is for somebody else, Zoë Example.'],
    [{ name: 'zoe EXAMPLE' }, undefined],
    [{ name: 'Z. Example' }, undefined],
    [{ name: 'Example, Zoe Maria' }, undefined],
    [{ name: 'EXAMPLE' }, undefined],
    [{ company: 'Zoë Example' }, undefined],
    [{}, undefined],
    [{ name: 'Zoë Example', payer: 'Ann Example' }, 'This is a gift: somebody else has paid for it.'],
  ])('to a buyer where $0 has the sentence of a gift: $1', (buyer, sentence) => {
    const { text } = mail({ buyer: { ...buyer, email: 'zoe@example.com' } });
    expect(/This is a gift[^.]*\./.exec(text)?.[0]).toBe(sentence);
    expect(text).not.toContain('Ann Example has');
  });

  it('names a product that the catalogue no longer has by its ID', () => {
    expect(mail({ lines: [{ ...line, product: 'old-app' }] }).subject).toBe(
      'Your serial for old-app (order pi_3Example)',
    );
    expect(mail({ lines: [{ ...line, product: 'constructor' }] }).subject).toContain('for constructor (');
  });

  testEach<[name: string | undefined, greeting: string]>([
    ['Zoë Example', 'Hello Zoë Example,'],
    [undefined, 'Hello,'],
    [' \u200f ', 'Hello,'],
    ['Eve\r\nSerial: 1234\u2028x', 'Hello Eve Serial: 1234 x,'],
    ['\u202Eevil\u202C Example', 'Hello evil Example,'],
    ['x'.repeat(101), 'Hello,'],
  ])('greets a buyer whose name is $0', (name, greeting) => {
    const { text, html } = mail({ buyer: { name, email: 'zoe@example.com' } });
    expect(text.split('\n')[0]).toBe(greeting);
    expect(letters(shownIn(html))).toMatch(new RegExp(`^${letters(greeting)}`));
  });

  testEach([
    [undefined, undefined],
    ['widget.licence', 'widget.licence'],
    [true, 'licence.txt'],
  ] as const)('if the product’s file is $0, the attached file is $1', (file, name) => {
    const products = { ...settings.products, widget: { ...widget, mail: { file } } };
    const { files } = serialMail(defineConfig({ ...settings, products }), order(), first, words);
    expect(files).toEqual(name && [{ name, content: line.issued.serial }]);
  });

  it.for<[lines: Line[], subject: string]>([
    [[line], 'Your serial for WidgetPro for Mac (order pi_3Example)'],
    [[line, gadgetLine], 'Your serials for WidgetPro for Mac and Gadget (order pi_3Example)'],
    [
      [line, gadgetLine, { ...gadgetLine, id: 4, sku: 'third', product: 'third' }],
      'Your serials for WidgetPro for Mac, Gadget, and Third (order pi_3Example)',
    ],
  ])('has the subject $1', ([lines, subject]) => {
    expect(mail({ lines }).subject).toBe(subject);
  });

  it('tells the number on the store’s receipt, if it is known', () => {
    expect(mail({ printed: '#1042' }).subject).toBe('Your serial for WidgetPro for Mac (order #1042)');
  });

  it('contains the order’s ID as the provider writes it', () => {
    const id = 'A#1%23 2%25';
    expect(mail({ key: keyOf('shop', false, id) }).subject).toBe(
      `Your serial for WidgetPro for Mac (order ${id})`,
    );
    expect(mail({ key: keyOf('shop', true, id) }).text).toContain(`Thank you for your order ${id}.`);
  });
});

describe('the mail of a test order', () => {
  const test = order({ test: true, key: keyOf('stripe', true, 'pi_3Example') });

  it('goes to the seller and says that it is a test', () => {
    const message = serialMail(catalogue, test, first, words);
    expect(message.to).toBe('seller@widgets.example.com');
    expect(message.subject).toBe('TEST Your serial for WidgetPro for Mac (order pi_3Example)');
    expect(message.text).toMatch(
      /^This is a test order\..* useless in the real app\..* zoe@example\.com\.\n\nHello/,
    );
  });

  it('needs no address', () => {
    expect(serialMail(catalogue, { ...test, buyer: {} }, first, words).text).toContain(
      'would have gone to the buyer.',
    );
  });
});

describe('a mail that cannot be built', () => {
  it.for<[string, Partial<Order>]>([
    ['without an address', { buyer: { name: 'Zoë' } }],
    ['with an address that SES does not take', { buyer: { email: 'zoë@example.com' } }],
    ['without a line that it carries', { lines: [heldLine, { ...line, id: 10 }] }],
  ])('is a bug: %s', ([, changes]) => {
    expect(() => mail(changes)).toThrow(/^found an? (order|line) without .* to mail$/);
  });
});

describe('the tags', () => {
  it('lead back to the order, and name the send', () => {
    const { tags } = mail({ key: 'shop#Bestellung 5/ü' });
    expect(tags).toEqual({ order: expect.stringMatching(/^[\w-]{1,256}$/), send: '1' });
    expect(Buffer.from(tags.order ?? '', 'base64url').toString()).toBe('shop#Bestellung 5/ü');
  });

  it('omit a key that is too long, and never cut it', () => {
    expect(mail({ key: `shop#${'x'.repeat(187)}` }).tags.order).toHaveLength(256);
    expect(mail({ key: `shop#${'x'.repeat(188)}` }).tags).toEqual({ send: '1' });
  });
});

describe('arbitrary names, products and subjects', () => {
  const anything = fc.oneof(
    fc.string({ unit: anyChar, maxLength: 60 }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '</code><img src=x onerror=alert(1)>',
      'a\r\nBcc: all@example.com\r\n\r\n<b>',
      `\${process.env} {{serial}} <%= x %> $& $1 $\``,
      '&lt;b&gt; &amp;amp; &#39;',
      'محمد "Mo" عبد',
      '\u202Eabc\u2066',
      'e\u0301 👩‍👩‍👧‍👦 \u200b',
      ']]> --> <!-- ',
    ),
  );
  const licensees = anything.filter(
    (name) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) && name.trim() === name && name !== '',
  );

  it('appear in both forms with the same words, and never as markup or a header', () => {
    fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        anything,
        fc.option(anything, { nil: undefined }),
        licensees,
        (product, seller, name, instructions, subject, licensee) => {
          const wild = {
            ...catalogue,
            seller: { ...catalogue.seller, name: seller },
            products: {
              widget: { ...catalogue.products.widget, name: product, mail: { instructions, subject } },
            },
          };
          const message = Reflect.apply(serialMail, undefined, [
            wild,
            order({
              key: `shop#${product}`,
              buyer: { name, email: 'zoe@example.com' },
              lines: [{ ...line, issued: { ...issued, licensee } }],
            }),
            first,
            words,
          ]);
          const tags: string[] = message.html.match(/<[^>]*>/g) ?? [];
          expect(TAGS).toEqual(expect.arrayContaining(tags.map((tag) => tag.replace(/[ >].*/s, ''))));
          expect(message.html.replace(/<[^>]*>/g, '')).not.toMatch(/[<>]|&(?!(?:amp|lt|gt);)/);
          expect(letters(shownIn(message.html))).toBe(letters(message.text));
          expect(message.text.split('\n')).toContain(licensee);
          for (const value of [message.subject, message.from.name, ...Object.values(message.headers)]) {
            expect(value).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          }
          expect(message.headers['X-Entity-Ref-ID']).toMatch(/^[\x21-\x7e]{1,200}$/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const TAGS = '!DOCTYPE html head meta title /title /head body p bdi br /bdi /p h2 /h2 code /code /body /html'
  .split(' ')
  .map((name) => `<${name}`);
