/** `mails try` makes of each sample what its author expects. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { catalogueFile } from '../fixtures/catalogue.ts';
import { GENUINE, MAIL_SETTINGS, sampleMail, withText } from '../fixtures/order-mails.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-mails-'));
afterAll(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'shop.ts');
writeFileSync(config, catalogueFile(MAIL_SETTINGS));

async function tryMail(mail: Buffer, ...options: string[]) {
  const file = join(folder, 'order.eml');
  writeFileSync(file, mail);
  const [printed, complaints]: [string[], string[]] = [[], []];
  const code = await run(['mails', 'try', file, ...options], {
    env: { KEYPOST_CONFIG: config },
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
    readSecret: async () => '',
  });
  return { code, text: printed.join('\n'), complaint: complaints.join('\n') };
}

const Expected = z.record(z.string(), z.record(z.string(), z.unknown()));
const expected = Expected.parse(
  JSON.parse(readFileSync(new URL('../fixtures/order-mails/expected.json', import.meta.url), 'utf8')),
);
/** What is not part of the order, or is not the mail's. */
const OTHERS = ['provider', 'disposition', 'auth', 'note', 'normalisedName', 'rawName'];

test.each(GENUINE.filter(({ file }) => expected[file]))('$file', async ({ file, raw, store }) => {
  for (const options of [[], ['--store', store]]) {
    const { code, text } = await tryMail(raw, ...options, '--json');
    const order = Object.entries(expected[file] ?? {}).filter(([name]) => !OTHERS.includes(name));
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ...{ disposition: 'fulfilled', reason: null, order: Object.fromEntries(order) },
    });
  }
});

test('says label by label which order it would make', async () => {
  const { text } = await tryMail(sampleMail('kagi-01'));
  expect(text).toMatch(/^fulfilled\ntransactionId +KG-2008-0922-0041877\n(.*\n)*unitPrice +29\.00\n/);
});

test.each([
  [
    'a dropped label',
    'held',
    'mail_changed',
    withText(sampleMail('kagi-01'), (text) => text.replace(/^Date.*\n/m, '')),
  ],
  [
    'an unknown product',
    'held',
    'unknown_product',
    withText(sampleMail('kagi-01'), (text) => text.replace('line 3  ', 'line 4  ')),
  ],
  [
    'no address',
    'held',
    'bad_address',
    Buffer.from(sampleMail('kagi-01').toString('latin1').replace('payment\r', 'payment @\r')),
  ],
  [
    'more than 256 KB',
    'held',
    'too_large',
    Buffer.concat([sampleMail('kagi-01'), Buffer.alloc(300_000, '\n')]),
  ],
  [
    'a preview',
    'ignored',
    'test_order',
    withText(sampleMail('esell'), (text) => text.replace('COMPLETED', 'PREVIEW')),
  ],
])('says why a mail with %s is %s', async (_, disposition, reason, mail) => {
  const { code, text } = await tryMail(mail, '--json');
  expect({ code, ...JSON.parse(text) }).toMatchObject({ code: 0, disposition, reason });
});

test.each([
  [
    'a store that the catalogue lacks',
    ['--store', 'stripe'],
    /stripe is no mail store of the catalogue; name one of kagi, /,
  ],
  ['a mail to no store', [], /the mail is to no address of a store/],
])('refuses %s', async (_, options, message) => {
  const mail = Buffer.from('From: a@kagi.com\r\nTo: b@example.com\r\n\r\nHello\r\n');
  const { code, complaint } = await tryMail(mail, ...options);
  expect(code).toBe(1);
  expect(complaint).toMatch(message);
});
