/** `mail preview` shows what a buyer gets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run } from '../../bin/commands/cli/program.ts';
import { PREVIEW_KINDS, previewMail, previewPage } from '../../functions/core/mail/preview.ts';
import { catalogueFile, catalogueWith, decrypt, KEY, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-mail-'));
afterAll(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'shop.ts');
const widget = { name: 'Widget', serial, skus: { stripe: ['w'] }, mail: { activate: 'widget://a?n={name}' } };
const products = { widget, gadget: { ...widget, name: 'Gadget' } };
writeFileSync(config, catalogueFile({ providers: { stripe: {} }, products }));

async function preview(...options: string[]) {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const code = await run(['mail', 'preview', ...options], {
    env: { KEYPOST_CONFIG: config },
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
    readSecret: async () => '',
  });
  return { code, text: printed.join('\n'), complaint: complaints.join('\n') };
}

test('--json has the subject, the text and the HTML, in the language of the locale', async () => {
  const { code, text } = await preview(
    '--locale',
    'de-AT',
    '--name',
    'Zoë & Söhne',
    '--product',
    'gadget',
    '--json',
  );
  const mail = JSON.parse(text);
  expect(code).toBe(0);
  expect(Object.keys(mail)).toEqual(['subject', 'text', 'html']);
  expect(mail.subject).toBe('Ihre Seriennummer für Gadget (Bestellung EXAMPLE-1)');
  expect(mail.text).toContain('widget://a?n=Zo%C3%AB%20%26%20S%C3%B6hne');
  expect(mail.html).toContain('<html lang="de"');
});

test('the first product and the seller’s language are shown unless others are chosen', async () => {
  expect((await preview()).text).toMatch(/^Subject: Your serial for Widget .*\n\nHello Zoë Example,\n/);
  expect((await preview('--product', 'gadget', 'widget')).text).toContain('serials for Gadget and Widget (');
});

testEach([
  [['--product', 'x'], 'found no product x; write one of widget, gadget'],
  [['--name', ' '], 'the product widget holds an order with this name (no_name); write another name'],
])('the options $0 are a mistake', async (options, mistake) => {
  const { code, complaint } = await preview(...options);
  expect(code).toBe(1);
  expect(complaint).toContain(mistake);
});

test('the kind `part` says that a serial follows', async () => {
  const mail = await previewMail(catalogueWith(), { kind: 'part' });
  expect(mail).toMatchObject({ text: expect.stringContaining('follows in a separate mail') });
});

test.each(PREVIEW_KINDS)('the kind %s is a mail whose serial fits no shipped app', async (kind) => {
  const message = await previewMail(catalogueWith({ providers: { stripe: {} }, products }), { kind });
  if (typeof message === 'string') throw new Error(message);
  const [made] = /^[0-9A-F]{32}$/m.exec(message.text) ?? [];
  expect(made !== undefined).toBe(!['trial', 'moved', 'held', 'name'].includes(kind));
  if (made) expect(() => decrypt(made, KEY)).toThrow();
});

test('the page shows the mail in frames that run nothing', async () => {
  const message = await previewMail(catalogueWith(), { name: '"><script>' });
  if (typeof message === 'string') throw new Error(message);
  const page = previewPage(message, 'raw <b>');
  expect(page.match(/<iframe sandbox style="width:\d+px;color-scheme:(?:light|dark)"/g)).toHaveLength(4);
  expect(page).not.toMatch(/<script>|<b>/);
});

test.each([
  ['serial', 'https://keys.example.com/licences'],
  ['name', 'https://keys.example.com/licences/name/EXAMPLE'],
])('the kind %s links to the buyers’ pages if the catalogue has them', async (kind, link) => {
  const api = { domain: 'keys.example.com', certificate: 'arn:aws:acm:us-east-1:1:certificate/x' };
  const message = await previewMail(catalogueWith({ api, pages: {} }), { kind });
  expect(message).toMatchObject({ text: expect.stringContaining(`:\n${link}\n`) });
});

test('French has a space before a colon', async () => {
  expect(await previewMail(catalogueWith(), { locale: 'fr' })).toMatchObject({
    text: expect.stringContaining('Numéro de série\u00a0:\n'),
  });
});
