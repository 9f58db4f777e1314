/** `npm run screenshots`: the pictures of the README and of docs/mail.md, from the local system in Chromium, at the size of the README. */
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import * as z from 'zod';
import { previewMail } from '../functions/core/mail/preview.ts';
import { loadCatalogue } from '../lib/build/load-catalogue.ts';
import { start } from '../local/start.ts';

const FOLDER = 'docs/images';
const running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'keypost.config.ts' });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  mkdirSync(FOLDER, { recursive: true });
  const order = {
    ...{ provider: 'stripe', event: 'paid', product: 'widgetpro-mac', company: '', test: false },
    ...{ name: 'Zoë Lindqvist', email: 'zoe@example.com' },
  };
  await fetch(`${running.page}/local/simulate`, { method: 'POST', body: JSON.stringify(order) });
  const page = await browser.newPage({ viewport: { width: 1000, height: 1000 }, deviceScaleFactor: 1.5 });
  await page.goto(running.page, { waitUntil: 'networkidle' });
  await page.getByRole('link', { name: /^stripe#/ }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  // The page names the person who runs this script, and their machine.
  await page.getByText(/ You are /).evaluate((node) => {
    node.textContent = node.textContent?.replace(/ You are .*/, '') ?? '';
  });
  await page.screenshot({ path: `${FOLDER}/page.png` });
  const Mails = z.array(z.object({ html: z.string() }));
  const [mail] = Mails.parse(await (await fetch(`${running.page}/local/mails`)).json());
  await page.setViewportSize({ width: 640, height: 640 });
  await page.setContent(mail?.html ?? '');
  await page.screenshot({ path: `${FOLDER}/mail.png` });
  const catalogue = await loadCatalogue('keypost.config.ts');
  for (const [locale, colorScheme] of [
    ['de', 'light'],
    ['fr', 'dark'],
  ] as const) {
    const message = await previewMail(catalogue, { locale });
    if (typeof message === 'string') throw new Error(message);
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 390, height: 720 });
    await page.setContent(message.html);
    await page.screenshot({ path: `${FOLDER}/mail-${locale}-${colorScheme}.png`, scale: 'css' });
  }
} finally {
  await browser.close();
  await running.stop();
}
