/** Tests the page of `npm start` in a headless browser, at desktop and phone width. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, start } from '../../local/start.ts';

const CHROMIUM = '/usr/bin/chromium';
const hasChromium = existsSync(CHROMIUM);
console.log(
  `the page is ${hasChromium ? '' : 'not '}tested in a browser: ${CHROMIUM} ${hasChromium ? 'exists' : 'does not exist'}`,
);

describe.skipIf(!hasChromium).each([
  ['desktop', { width: 1280, height: 900 }],
  ['phone', { width: 390, height: 844 }],
])('the page on a %s', (_, viewport) => {
  let running: Running;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await (await browser.newContext({ viewport })).newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(running.page);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await running.stop();
  });

  const click = (name: string) => page.getByRole('button', { name }).click();
  const send = async (name: string, email: string) => {
    await page.getByLabel("Buyer's name").fill(name);
    await page.getByLabel('Mail address').fill(email);
    await click('Send the order');
  };

  test('makes the serial of a key and a name', async () => {
    await page.getByLabel('Key', { exact: true }).fill('1234567890123456');
    await page.getByLabel('Name', { exact: true }).fill('Zoë Lindqvist');
    await click('Make the serial');
    // openssl enc -aes-128-ecb -K 31323334353637383930313233343536
    await page.locator('#made', { hasText: '7ED75279FDCD8CD7A42C6491AB8F2DD8' }).waitFor();
    await page.getByLabel('Key', { exact: true }).fill('short');
    await click('Make the serial');
    await page.locator('#made.bad', { hasText: 'not of the form' }).waitFor();
  });

  test('finds the profile from a key and a few pairs', async () => {
    await page.getByText('Your key and a few pairs').click();
    await page.getByLabel("The app's key").fill('1234567890123456');
    // openssl enc -aes-128-ecb -K 31323334353637383930313233343536
    const short =
      'Jane Q. Sample,B05F5DA78463537B5F9A76CF01B76E01\nHu’ Åse,4EF118418FA705287FA81C3374D6B498\n';
    const long = 'Alexandra Featherstone,82C28DC537D6053A4BDDCF9F06DF87357C6CC9A20DC1014536AC451CF3374100';
    await page.getByLabel('Pairs').fill(short);
    await click('Find the profile');
    await page.locator('#found', { hasText: 'The serial of a name of 17 bytes' }).waitFor();
    await page.getByLabel('Pairs').fill(short + long);
    await click('Find the profile');
    await page.locator('#found', { hasText: /^One profile makes .*mode: 'ecb', padding: 'pkcs7'/ }).waitFor();
    await page.getByLabel('Pairs').fill('Jane');
    await click('Find the profile');
    await page.locator('#found.bad', { hasText: 'line 1: found one field' }).waitFor();
  });

  test('sends an order and shows it with its mail', async () => {
    await send('Zoë Lindqvist', 'zoe@example.com');
    await page.locator('#response', { hasText: 'stripe receives 200' }).waitFor();
    const row = page.locator('#orders tbody tr').first();
    await row.locator(':text("paid, mail sent")').waitFor();
    expect(await row.textContent()).toContain('7ED75279FDCD8CD7A42C6491AB8F2DD8');
    const mail = page.frameLocator('#mail iframe');
    await mail.getByText('7ED75279FDCD8CD7A42C6491AB8F2DD8', { exact: true }).waitFor();
    await click('Headers');
    expect(await page.locator('#mail pre').textContent()).toContain('auto-submitted: auto-generated');
    await click('Text');
    expect(await page.locator('#mail pre').textContent()).toContain('\n7ED75279FDCD8CD7A42C6491AB8F2DD8\n');
    await click('As shown');
  });

  test('shows a buyer’s markup as text and does not run it', async () => {
    const name = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await send(name, 'eve@example.com');
    await page.locator('#orders tbody tr', { hasText: name }).first().waitFor();
    await page.locator('#mail .envelope', { hasText: 'eve@example.com' }).waitFor();
    await page.frameLocator('#mail iframe').getByText('<img src=x').first().waitFor();
    expect(await page.title()).toBe('Keypost on this machine');
    expect(await page.locator('#mail iframe').getAttribute('sandbox')).toBe('');
  });

  test('switches a fault on and off and sends due mails', async () => {
    await page.getByLabel('SES').selectOption('throttle');
    await send('Late', 'late@example.com');
    const row = page.locator('#orders tbody tr', { hasText: 'late@example.com' });
    await row.locator(':text("paid, mail due")').waitFor();
    await page.getByLabel('SES').selectOption('');
    await click('Send what is due now');
    await page.locator('#redelivered', { hasText: '1 due: 1 sent, 0 failed' }).waitFor();
    await row.locator(':text("paid, mail sent")').waitFor();
  });

  test('fits its width, logs no error and loads nothing from other hosts', async () => {
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
    // Chromium logs the 400 of the refused key.
    expect(errors.filter((text) => !text.includes('status of 400'))).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(running.page) && url !== 'about:srcdoc')).toEqual([]);
  });
});
