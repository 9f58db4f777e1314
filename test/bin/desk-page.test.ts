/** A person's work at `keypost desk --stack` in Chromium, started in an empty folder, on the embedded AWS as the deployed one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Running, start } from '../../local/start.ts';
import { CALLER, deployedStack } from './deployed-stack.ts';

const CHROMIUM = '/usr/bin/chromium';

describe.skipIf(!existsSync(CHROMIUM))('the desk of a deployed stack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-empty-'));
  let running: Running;
  let stack: Awaited<ReturnType<typeof deployedStack>>;
  let command: ChildProcess;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
    stack = await deployedStack(running.aws);
    const args = [resolve('bin/keypost.mjs'), 'desk', '--stack', 'Shop', '--no-open', '--json'];
    command = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    if (!command.stdout) throw new Error('no output');
    const [line] = await once(command.stdout, 'data');
    const { url } = z.strictObject({ url: z.string() }).parse(JSON.parse(String(line)));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => errors.push(error.message));
    await sell('', 'held@example.com');
    await page.goto(url);
    await page.getByLabel('Search').waitFor();
  }, 90_000);
  afterAll(async () => {
    await page.context().browser()?.close();
    command.kill();
    await stack.stop();
    await running.stop();
    rmSync(folder, { recursive: true });
  });

  const post = (path: string, body: object = {}) =>
    fetch(`${running.page}/local/${path}`, { method: 'POST', body: JSON.stringify(body) });
  const sell = (name: string, email: string) =>
    post('simulate', { provider: 'stripe', product: 'widgetpro-mac', name, email });
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const tab = (name: string) => page.getByRole('tab', { name }).click();
  const fill = (label: string, value: string) => page.getByLabel(label, { exact: true }).fill(value);
  const says = (hasText: string | RegExp) => page.locator('#status', { hasText }).waitFor();

  test('names the stack’s table and the caller, and has no test tools', async () => {
    await page.getByText(`on AWS, table keypost-orders. You are ${CALLER}.`).waitFor();
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Orders', 'Held', 'Health', 'Products']);
  });

  test('a held order is found, its name corrected, released, and its mail is read', async () => {
    await tab('Held');
    await page.getByText('no_name:').waitFor();
    await fill('Name', 'Anna Berg');
    await fill('Why', 'she wrote to us');
    await button('Release').click();
    await says('Released');
    await post('redeliver');
    await button('Show the mail').click();
    await page.frameLocator('iframe').getByText('Anna Berg').first().waitFor();
    const sent = z
      .array(z.object({ to: z.array(z.string()), html: z.string(), subject: z.string() }))
      .parse(await (await fetch(`${running.page}/local/mails`)).json());
    expect(sent).toMatchObject([{ to: ['held@example.com'] }]);
    expect(await page.locator('.mail h3').textContent()).toBe(sent[0]?.subject);
    // The operator does not know the address of the buyers' pages.
    const withoutLinks = (text = '') => text.replace(/https?:\/\/[^"<]*\/licences/g, '').trim();
    const shown = await page.locator('iframe').getAttribute('srcdoc');
    expect(withoutLinks(shown ?? '')).toContain(withoutLinks(sent[0]?.html));
  });

  test('an order is found by three letters, and its serial is reissued', async () => {
    await tab('Orders');
    await fill('Search', 'erg');
    await page.locator('tbody tr', { hasText: 'Anna Berg' }).getByRole('link').click();
    await page.locator('.history', { hasText: `By ${CALLER}: she wrote to us.` }).waitFor();
    await page.locator('.history', { hasText: 'to held@example.com: SES accepts it' }).waitFor();
    await fill('Name', 'Anna Bergman');
    await button('Reissue').click();
    await says('Reissued');
    await page.locator('dt', { hasText: 'Superseded' }).waitFor();
  });

  test('a person is erased', async () => {
    await button('Erase').click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Erase' }).click();
    await says('Erased in 1 order');
    const orders = await (await fetch(`${running.page}/local/orders`)).text();
    expect(orders).not.toMatch(/held@example.com|Anna/);
  });

  test('a list of pairs becomes a profile', async () => {
    await tab('Products');
    await fill("The app's key", '1234567890123456');
    // openssl enc -aes-128-ecb -K 31323334353637383930313233343536
    await fill(
      'Pairs',
      'Jane Q. Sample;B05F5DA78463537B5F9A76CF01B76E01\nHu’ Åse;4EF118418FA705287FA81C3374D6B498\n' +
        'Alexandra Featherstone;82C28DC537D6053A4BDDCF9F06DF87357C6CC9A20DC1014536AC451CF3374100',
    );
    await button('Find the profile').click();
    await page.locator('#found', { hasText: /^One profile makes/ }).waitFor();
    await button('Use it above').click();
    expect(JSON.parse(await page.getByLabel('Profile').inputValue())).toMatchObject({ mode: 'ecb' });
    expect(errors).toEqual([]);
  });
});
