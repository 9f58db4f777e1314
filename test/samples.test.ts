/** Runs the samples of the documents, and compares what commands print with what the documents show. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../bin/commands/cli/program.ts';
import type { Context } from '../functions/core/inbound/provider.ts';
import { shop } from '../functions/providers/shop/provider.ts';
import { loadCatalogue } from '../lib/build/load-catalogue.ts';
import { type Running, start } from '../local/start.ts';
import { startServer } from './local/server.ts';

const readme = readFileSync('README.md', 'utf8');
const howItWorks = readFileSync('docs/how-it-works.md', 'utf8');
const goLive = readFileSync('docs/go-live.md', 'utf8');
const shopPage = readFileSync('docs/providers/shop.md', 'utf8');
/** Returns the first code block of this language after a text. */
const block = (text: string, behind: string, language: string) =>
  new RegExp(`${behind}[\\s\\S]*?^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'm').exec(text)?.[1] ?? '';
const missing = (...tools: string[]) => tools.filter((tool) => spawnSync('which', [tool]).status !== 0);

test('the product in docs/how-it-works.md can be added to the catalogue', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-samples-'));
  const file = join(folder, 'keypost.config.ts');
  const sample = block(howItWorks, '## Add a product', 'ts');
  writeFileSync(
    file,
    readFileSync('local/demo-shop.ts', 'utf8').replace('products: {', `products: {\n${sample}`),
  );
  const { products } = await loadCatalogue(file);
  rmSync(folder, { recursive: true });
  expect(Object.keys(products)).toEqual(['widgetpro-win', 'widgetpro-mac']);
});

test('the catalogue reports a mistake as docs/go-live.md shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-samples-'));
  const file = join(folder, 'keypost.config.ts');
  writeFileSync(
    file,
    readFileSync('local/demo-shop.ts', 'utf8').replace(
      "from: 'orders@widgets.example.com'",
      "from: 'orders'",
    ),
  );
  const [, shown = ''] = /`(seller\.from: [^`]+)`/.exec(goLive) ?? [];
  await expect(loadCatalogue(file)).rejects.toThrow(shown);
  rmSync(folder, { recursive: true });
  expect(shown).not.toBe('');
});

describe('openssl decrypts the demo serial of the README', () => {
  const lacks = missing('openssl', 'xxd');
  test.skipIf(lacks.length > 0)(`needs openssl and xxd`, () => {
    const command = block(readme, 'openssl\\s+decrypts it', 'sh');
    const [, name] = /prints `([^`]+)`/.exec(readme.slice(readme.indexOf(command))) ?? [];
    expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(name);
  });
});

describe('the provider accepts the samples of docs/providers/shop.md', () => {
  const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const context: Context = {
    keys: [SECRET],
    now: Date.now(),
    licenseeField: 'licensee',
    options: {},
    knows: () => true,
    ask: async () => '',
  };
  const runs: [string, string, (code: string) => [string, string[]]][] = [
    ['js', 'With Node', (code) => [process.execPath, ['--input-type=module', '--eval', code]]],
    ['sh', 'With openssl', (code) => ['sh', ['-c', code]]],
  ];

  test.skipIf(missing('openssl', 'curl', 'od').length > 0).each(runs)(
    '%s',
    async (language, behind, command) => {
      const heard: unknown[] = [];
      const server = await startServer(async (request, response) => {
        heard.push(await parsed(request));
        response.end();
      });
      const code = block(shopPage, behind, language).replace('http://localhost:3000', server.url);
      const { stdout } = await promisify(execFile)(...command(code));
      await server.stop();
      expect(stdout).toContain('200');
      expect(heard).toMatchObject([
        [
          {
            kind: 'paid',
            test: language === 'sh',
            buyer: { name: 'Zoë Lindqvist' },
            lines: [{ sku: 'widgetpro-mac' }],
          },
        ],
      ]);
    },
  );

  /** Returns the parsed events. Throws if the signature is wrong. */
  async function parsed(request: IncomingMessage) {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const received = { method: 'POST', headers, query: '', body: await buffer(request) };
    await shop.verify(received, context);
    return await shop.read(received, context);
  }

  test('and names the secret of npm run demo', () => {
    expect(shopPage).toContain(`The secret of \`npm run demo\` is \`${SECRET}\``);
    expect(readFileSync('functions/providers/shop/simulator.ts', 'utf8')).toContain(SECRET);
  });
});

describe('commands of docs/go-live.md print what it shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keypost-samples-'));
  const file = join(folder, 'keypost.config.ts');
  let running: Running;
  beforeAll(async () => {
    // A seller enables the providers that he sells through, here Stripe and a shop.
    const others =
      /^(?: {4}(?!stripe|shop:|name|from|replyTo|alarms)'?[\w-]+'?: \{.*\},|(?= {8}) {8}(?!stripe|shop:)'?[\w-]+'?: \[.*\],)\n/gm;
    writeFileSync(file, readFileSync('local/demo-shop.ts', 'utf8').replaceAll(others, ''));
    running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: file });
  });
  afterAll(async () => {
    await running.stop();
    rmSync(folder, { recursive: true });
  });

  async function keypost(typed: string, ...args: string[]) {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const env = {
      KEYPOST_CONFIG: file,
      PORT: new URL(running.page).port,
      AWS_PORT: new URL(running.aws).port,
    };
    const terminal = { env, print, complain: print, readSecret: async () => typed };
    return { code: await run([...args, '--local'], terminal), printed: lines.join('\n') };
  }

  test('doctor', async () => {
    const shown = block(goLive, '9\\. \\*\\*Run doctor', '').replaceAll(/^ {3}/gm, '');
    expect(`${(await keypost('', 'doctor')).printed}\n`).toBe(shown);
  });

  test.each([
    ['widgetpro-mac', '1234567890123456'],
    ['stripe', 'whsec_new'],
  ])('keys set %s', async (name, key) => {
    const none = new PutSecretValueCommand({ SecretId: 'product-keys', SecretString: '{}' });
    await new SecretsManagerClient({ endpoint: running.aws }).send(none);
    const { code, printed } = await keypost(key, 'keys', 'set', name);
    expect(code).toBe(0);
    expect(goLive).toContain(`\`${printed}\``);
  });
});
