/** How the mails look in Chromium: nothing is wider than the screen, and every text can be read in light and dark. */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { previewMail } from '../../functions/core/mail/preview.ts';
import { catalogueWith, seller, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const mail = {
  download: 'https://example.com/widget.zip',
  activate: 'widget://activate?name={name}&serial={serial}',
};
const catalogue = catalogueWith({
  seller: { ...seller, accent: '#0a7c4f', privacy: 'https://example.com/privacy' },
  products: { widget: { name: 'Widget', serial, skus: { plain: ['w'] }, mail } },
});

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());

testEach([
  ['en', 'x'.repeat(60)],
  ['de', 'Zoë Müller-Lüdenscheidt'],
  ['ja', '山田 太郎'],
  ['en', 'محمد عبد الله'],
])(
  'a mail in $0 to $1 fits 320, 390 and 640 px, in light and dark',
  async (locale, name) => {
    const message = await previewMail(catalogue, { locale, name });
    if (typeof message === 'string') throw new Error(message);
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme });
      await page.setContent(message.html);
      for (const width of [320, 390, 640]) {
        await page.setViewportSize({ width, height: 800 });
        expect(
          await page.evaluate('document.documentElement.scrollWidth'),
          `${width} px`,
        ).toBeLessThanOrEqual(width);
      }
      expect(await page.evaluate(LEAST_CONTRAST), colorScheme).toBeGreaterThan(4.5);
      await page.close();
    }
  },
  60_000,
);

/** The contrast of each text with the ground below it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
const LEAST_CONTRAST = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'Canvas';
  const canvas = parse(getComputedStyle(probe).color);
  probe.remove();
  const groundOf = (element) => {
    if (!element) return canvas;
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 0 ? groundOf(element.parentElement) : own;
  };
  return Math.min(...[...document.querySelectorAll('body *')].filter(({ innerText }) => innerText).map((element) => {
    const [one, other] = [light(parse(getComputedStyle(element).color)), light(groundOf(element))].sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  }));
})()`;
