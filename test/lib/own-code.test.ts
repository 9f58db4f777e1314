/** Runs the examples of docs/own-code.md: a seller's own provider and serial function. Their signature is of openssl. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../bin/commands/cli/program.ts';
import { bundling } from '../../lib/build/bundle.ts';
import { loadCatalogue } from '../../lib/build/load-catalogue.ts';
import { start } from '../../local/start.ts';
import { seller } from '../fixtures/catalogue.ts';

const page = readFileSync('docs/own-code.md', 'utf8');
const blocks = [...page.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
const block = (opening: string) => blocks.find((text) => text.startsWith(opening)) ?? '';
const body = block('{"event"').trimEnd();

const folder = mkdtempSync(join(tmpdir(), 'keypost-own-'));
const write = (name: string, text: string) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const product = block('// keypost.config.ts, in `products`');
const catalogueOf = (products: string, providers = block('// keypost.config.ts, in `providers`')) =>
  [
    "import { defineConfig } from 'keypost';",
    "import { acme } from './providers/acme/provider.ts';",
    "import { wordy } from './serials/wordy.ts';",
    `export default defineConfig({ seller: ${JSON.stringify(seller)}, providers: { ${providers}\n }, products: { ${products}\n } });`,
  ].join('\n');
let file = '';
let config = '';

beforeAll(() => {
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  write('serials/wordy.ts', block('// serials/wordy.ts'));
  file = write('providers/acme/provider.ts', block('// providers/acme/provider.ts'));
  write('providers/acme/samples/evidence.json', block('['));
  write('providers/acme/samples/paid.json', body);
  config = write('keypost.config.ts', catalogueOf(product));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function keypost(...args: string[]) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const code = await run(args, { env: {}, print, complain: print, readSecret: async () => '' });
  return { code, printed: lines.join('\n') };
}

describe('provider test', () => {
  test('accepts the example', async () => {
    expect(await keypost('provider', 'test', file)).toMatchObject({ code: 0 });
  });

  test.each<[fault: string, from: string | RegExp, to: string, failed: RegExp]>([
    ['verifies nothing', 'requireHmac({', '({', /FAILED .* refused under another key/],
    ['reads another price', 'value: total', "value: total + '0'", /FAILED {2}paid.json is parsed/],
    [
      'throws a TypeError',
      'json(Message, body).event',
      'JSON.parse(String(body)).event',
      /FAILED {2}parsing/,
    ],
    ['is no provider', 'verify({', 'check({', /no provider/],
  ])('refuses a provider that %s', async (_fault, from, to, failed) => {
    const faulty = block('// providers/acme/provider.ts').replace(from, to);
    const { code, printed } = await keypost('provider', 'test', write('providers/acme/faulty.ts', faulty));
    expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(failed) });
  });

  test('says which file is missing', async () => {
    const lone = write('providers/lone/provider.ts', 'export {};');
    expect((await keypost('provider', 'test', lone)).printed).toMatch(/evidence.json: there is no such file/);
  });
});

test('the example works in the Lambdas that npm start and the stack bundle', async () => {
  const running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
  try {
    const secrets = new SecretsManagerClient({ endpoint: running.aws });
    const SecretString = JSON.stringify({ acme: { signing: ['an-acme-key'] } });
    await secrets.send(new PutSecretValueCommand({ SecretId: 'provider-keys', SecretString }));
    const [{ headers }] = JSON.parse(block('['));
    const post = (text: string) =>
      fetch(`${running.page}/orders/acme`, { method: 'POST', headers, body: text });
    expect((await post(body)).status).toBe(200);
    expect((await post(`${body} `)).status).toBe(401);
    const mails = await (await fetch(`${running.page}/local/mails`)).text();
    expect(mails).toContain('ZOELINDQVIST-23747');
  } finally {
    await running.stop();
  }
});

test('a bundle has one copy of Keypost, and checks no catalogue', async () => {
  const { metafile } = await build({
    ...bundling(await loadCatalogue(config)),
    ...{ entryPoints: ['functions/webhook.ts'], outdir: folder, write: false, metafile: true },
  });
  const inputs = Object.keys(metafile.inputs);
  expect(inputs.filter((path) => path.endsWith('/rejection.ts'))).toHaveLength(1);
  expect(inputs.some((path) => path.endsWith('providers/acme/provider.ts'))).toBe(true);
  const used = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  expect(used.filter((path) => /catalogue\/schema\.ts$/.test(path))).toEqual([]);
});

const made = (make: string, vector = "{ name: 'A', serial: 'A' }") =>
  `w: { name: 'W', skus: { acme: ['w'] }, serial: { kind: 'function', make: ${make}, vectors: [${vector}] } }`;

test.each<[what: string, products: string, mistake: RegExp]>([
  ['another serial', made("() => 'B'"), /serial: vectors\[0\]: found another serial/],
  ['a number', made('() => 7'), /returns a value of type number instead of text/],
  ['a promise', made("async () => 'A'"), /type object instead of text/],
  ['an error', made("() => { throw new RangeError('x') }"), /throws RangeError/],
  ['chance', made('() => String(Math.random())'), /not pure/],
  ['the clock', made("() => new Date().toISOString().replaceAll(/[^0-9]/g, '')"), /not pure/],
  ['the time in a call', made('() => String(Date.now())'), /not pure/],
  ['a count', made('() => String((globalThis.n = (globalThis.n ?? 0) + 1))'), /not pure/],
  ['a change of the order', made("(order) => (order.name = 'A')"), /throws TypeError/],
  ['513 characters', made("() => 'A'.repeat(513)"), /513 characters instead of one line/],
  ['two lines', made("() => 'A\\nB'"), /several lines/],
  ['no vector', made("() => 'A'", ''), /vectors: found an empty list; write at least one vector/],
  ['no function', made("'A'"), /serial\.make: found "A"; write a function/],
])('a serial function with %s is refused', async (_what, products, mistake) => {
  const wrong = write('wrong.config.ts', catalogueOf(products));
  await expect(loadCatalogue(wrong)).rejects.toThrow(mistake);
});

test.each<[what: string, entry: string, mistake: RegExp]>([
  ['no provider', "acme: { use: { name: 'acme' } }", /acme\.use: found an object; write a provider/],
  ['another name too', "acme: { use: acme, as: 'shop' }", /acme\.use: found `as`/],
])('`use` with %s is refused', async (_what, entry, mistake) => {
  const wrong = write('wrong.config.ts', catalogueOf(product, entry));
  await expect(loadCatalogue(wrong)).rejects.toThrow(mistake);
});
