/** Mails over HTTP take the deployed path: the local S3, SES's notification, and the bundle of `order-mail`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, decrypt, KEY } from '../fixtures/catalogue.ts';
import { MAIL_SETTINGS, sampleMail } from '../fixtures/order-mails.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-order-mails-'));
let running: Running;
let starts = 0;
async function startWith(text: string): Promise<void> {
  // Node imports a file once.
  const catalogue = join(folder, `shop-${++starts}.ts`);
  writeFileSync(catalogue, text);
  running = await start({ port: 0, awsPort: 0, dataDir: join(folder, 'data'), catalogue });
}
beforeAll(async () => {
  await startWith(catalogueFile(MAIL_SETTINGS));
  const secrets = new SecretsManagerClient({ endpoint: running.aws });
  const versions = [{ version: 1, key: KEY }];
  const SecretString = JSON.stringify({ ledgerline: versions, rota: versions });
  await secrets.send(new PutSecretValueCommand({ SecretId: 'product-keys', SecretString }));
  await secrets.send(new GetSecretValueCommand({ SecretId: 'product-keys' }));
}, 60_000);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

const post = (query: string, mail: Buffer, path = '/local/order-mails') =>
  fetch(`${running.page}${path}?${query}`, { method: 'POST', body: mail });
const receive = async (query: string, mail: Buffer) => (await post(query, mail)).json();
const Orders = z.array(
  z.object({ key: z.string(), lines: z.array(z.object({ serial: z.string().nullable() })) }),
);
const orders = async () => Orders.parse(await (await fetch(`${running.page}/local/orders`)).json());

const kagi = sampleMail('kagi-01');
const KAGI = 'to=orders-kagi@in.fernhill.example';

test('a forged mail is held; the genuine one makes one order, however often it arrives', async () => {
  for (const verdicts of ['&dmarc=FAIL&spam=PASS', '&dmarc=GRAY', '', '&dmarc=PASS&spam=FAIL'])
    expect(await receive(`${KAGI}${verdicts}`, kagi)).toMatchObject({
      disposition: 'held',
      reason: 'not_authentic',
    });
  for (let n = 0; n < 3; n += 1)
    expect(await receive(`${KAGI}&dmarc=PASS&spam=PASS`, kagi)).toEqual({
      ...{ disposition: 'fulfilled', reason: null, key: 'kagi#KG-2008-0922-0041877' },
    });
  const stored = await orders();
  expect(stored.map(({ key }) => key.split('#')[0])).toEqual(['held', 'kagi']);
  expect(decrypt(stored[1]?.lines[0]?.serial)).toBe('Hannah Oduya');
});

test('mails that are held for a mistake in the catalogue become orders once it is corrected, forged ones do not', async () => {
  const correct = catalogueFile(MAIL_SETTINGS);
  const wrong = correct.replace('"payee":"sales', '"payee":"other').replace('"Platform":"unused",', '');
  expect(wrong.length).toBe(correct.length - 20);
  const esellerate = sampleMail('esellerate-01');
  const forged = Buffer.from(
    esellerate.toString('latin1').replaceAll('ES1048837621', 'ES1048837622'),
    'latin1',
  );
  const ESELLERATE = 'to=orders-esellerate@in.fernhill.example';
  await running.stop();
  await startWith(wrong);
  expect(await receive('dmarc=PASS', sampleMail('paypal-01'))).toMatchObject({ reason: 'wrong_payee' });
  expect(await receive(`${ESELLERATE}&dmarc=PASS`, esellerate)).toMatchObject({ reason: 'mail_changed' });
  expect(await receive(`${ESELLERATE}&dmarc=FAIL`, forged)).toMatchObject({ reason: 'not_authentic' });
  await running.stop();
  await startWith(correct);
  await fetch(`${running.page}/local/redeliver`, { method: 'POST' });
  const serials = (await orders()).map(({ key, lines: [line] }) => [
    key.split('#')[0],
    line?.serial ? decrypt(line.serial) : null,
  ]);
  expect(serials).toEqual([
    ['held', null],
    ['kagi', 'Hannah Oduya'],
    ['paypal-mail', 'Marta Kowalczyk'],
    ['held', null],
    ['esellerate', 'Priya Raman'],
  ]);
});

test('the recipient is the To header if the query names none', async () => {
  expect(await receive('dmarc=PASS', sampleMail('paypal-01'))).toMatchObject({ disposition: 'fulfilled' });
  // The receipt is to the buyer.
  expect(await receive('dmarc=PASS', kagi)).toMatchObject({
    disposition: 'ignored',
    reason: 'unknown_recipient',
  });
});

test('a mail of more than 256 KB is held, and its bytes are kept in the bucket', async () => {
  const large = Buffer.concat([kagi, Buffer.alloc(256 * 1024, '\n')]);
  expect(await receive(`${KAGI}&dmarc=PASS`, large)).toMatchObject({
    disposition: 'held',
    reason: 'too_large',
  });
});

test('a mail store has no webhook, whatever the headers say', async () => {
  const headers = {
    'authentication-results': 'amazonses.com; spf=pass; dkim=pass; dmarc=pass header.from=kagi.com',
    'x-ses-spam-verdict': 'PASS',
    'x-ses-virus-verdict': 'PASS',
    verdicts: JSON.stringify({ spam: 'PASS', virus: 'PASS', dmarc: 'PASS' }),
  };
  for (const store of ['kagi', 'paypal-mail', 'esellerate']) {
    const answer = await fetch(`${running.page}/orders/${store}`, { method: 'POST', headers, body: kagi });
    expect(answer.status).toBe(404);
  }
});

test.each([
  ['dmarc=maybe', kagi],
  ['dmarc=PASS&spam=GRAY', kagi],
  ['dmarc=PASS', Buffer.alloc(0)],
])('%s is refused with 400 if it is no verdict, or there is no mail', async (query, mail) => {
  expect((await post(query, mail)).status).toBe(400);
});
