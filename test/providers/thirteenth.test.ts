/** Adds a temporary provider to a copy of the tree: a folder, a line in the table and a page are enough. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogueFile, serial } from '../fixtures/catalogue.ts';

const tree = mkdtempSync(join(tmpdir(), 'keypost-thirteenth-'));
const write = (file: string, content: string) => writeFileSync(join(tree, file), content);
const run = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, args, { cwd: tree, encoding: 'utf8' })).stdout;

beforeAll(() => {
  for (const name of COPIED) if (existsSync(name)) cpSync(name, join(tree, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  const folder = 'functions/providers/thirteenth';
  mkdirSync(join(tree, folder, 'samples'), { recursive: true });
  write(`${folder}/provider.ts`, PROVIDER);
  write(`${folder}/simulator.ts`, SIMULATOR);
  write(`${folder}/samples/paid.json`, BODY);
  write(`${folder}/samples/evidence.json`, JSON.stringify([EVIDENCE]));
  write('docs/providers/thirteenth.md', '# Thirteenth\n');
  const table = readFileSync('functions/providers/index.ts', 'utf8');
  const extended = table
    .replace(/^import \{ woocommerce/m, "import { thirteenth } from './thirteenth/provider.ts';\n$&")
    .replace(/^ {2}woocommerce,/m, '  thirteenth,\n$&');
  write('functions/providers/index.ts', extended);
  write('thirteenth.config.ts', CATALOGUE);
  write('check.ts', CHECK);
});
afterAll(() => rmSync(tree, { recursive: true }));

test('the table, the simulator loader and the bundle accept the new provider', async () => {
  expect(JSON.parse(await run('--import', 'tsx', 'check.ts'))).toEqual({
    names: expect.arrayContaining(['thirteenth', 'woocommerce']),
    event: { kind: 'paid', id: 'T-1' },
    bundled: true,
    withoutSimulator: expect.stringContaining('write functions/providers/thirteenth/simulator.ts'),
  });
});

test('the evidence test accepts the new provider', async () => {
  const vitest = resolve('node_modules/vitest/vitest.mjs');
  const printed = await run(
    vitest,
    'run',
    'test/providers/providers.test.ts',
    '-t',
    'thirteenth|every provider',
  );
  expect(printed).toMatch(/Tests .*passed/);
  expect(printed).not.toContain('failed');
});

const COPIED = [
  'bin/commands/provider',
  'functions',
  'lib',
  'test/providers',
  'test/fixtures',
  'docs/providers',
  'package.json',
  'tsconfig.json',
];

const PROVIDER = `
import * as z from 'zod/mini';
import { json } from '../../core/inbound/body.ts';
import type { Provider } from '../../core/inbound/provider.ts';
import { requireHeader, requireHmac } from '../../core/inbound/signature.ts';

const Order = z.object({ id: z.string(), sku: z.string() });
export const thirteenth: Provider = {
  name: 'thirteenth',
  verify({ headers, body }, { keys }) {
    const signatures = [requireHeader(headers, 'x-thirteenth-signature')];
    requireHmac({ keys, content: [body], signatures, encoding: 'hex' });
  },
  read({ body }) {
    const { id, sku } = json(Order, body);
    return [{ kind: 'paid', id, test: false, buyer: {}, lines: [{ sku, quantity: 1 }] }];
  },
};`;

const SIMULATOR = `
import { createHmac } from 'node:crypto';
import type { Simulator } from '../simulator.ts';

export const simulator: Simulator = {
  events: ['paid'],
  demoKeys: { signing: ['a-demo-secret'] },
  request({ id = 'T-1', sku }, secret) {
    const body = JSON.stringify({ id, sku });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    return { method: 'POST', query: '', headers: { 'x-thirteenth-signature': signature }, body, orderId: id };
  },
};`;

const BODY = '{"id":"T-1","sku":"w"}';
const EVIDENCE = {
  source: `openssl: printf '${BODY}' | openssl dgst -sha256 -hmac thirteenth-secret`,
  body: 'paid.json',
  headers: { 'x-thirteenth-signature': '921c012ecba527651c6f24905e8ffbd7ede8ec3d0de6110a1638e4598bb4949f' },
  keys: ['thirteenth-secret'],
  now: '2026-11-20T14:03:22Z',
  events: [{ kind: 'paid', id: 'T-1', test: false, buyer: {}, lines: [{ sku: 'w', quantity: 1 }] }],
};

const CATALOGUE = catalogueFile({
  providers: { thirteenth: {} },
  products: { widget: { name: 'Widget', serial, skus: { thirteenth: ['w'] } } },
});

const CHECK = `
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { bundleLambda } from './lib/build/bundle.ts';
import { loadCatalogue } from './lib/build/load-catalogue.ts';
import { providers } from './functions/providers/index.ts';
import { requireSimulator, signOrder } from './functions/providers/simulate.ts';

const catalogue = await loadCatalogue('thirteenth.config.ts');
const simulator = await requireSimulator(catalogue, 'thirteenth');
const order = { provider: 'thirteenth', event: 'paid', product: 'widget', name: 'Z', email: 'z@example.com', company: '', test: false };
const secret = simulator.demoKeys.signing[0];
const request = signOrder(simulator, order, { catalogue, secret, address: 'http://localhost' });
const received = { ...request, body: Buffer.from(request.body) };
const context = { keys: [secret], now: 0, licenseeField: '', options: {}, knows: () => true, ask: async () => '' };
await providers.thirteenth.verify(received, context);
const [{ kind, id }] = await providers.thirteenth.read(received, context);
const folder = await bundleLambda('webhook', catalogue, '.bundled');
const code = readdirSync(folder).map((name) => readFileSync(folder + '/' + name, 'utf8')).join('');
const bundled = code.includes('x-thirteenth-signature') && !code.includes('x-wc-webhook-signature');
rmSync('functions/providers/thirteenth/simulator.ts');
const withoutSimulator = await requireSimulator(catalogue, 'thirteenth').catch((error) => error.message);
console.log(JSON.stringify({ names: Object.keys(providers), event: { kind, id }, bundled, withoutSimulator }));
`;
