/**
 * `npm run acceptance`: the package as a seller uses it. Tarball → empty folder → init → start → signed orders → mails
 * with the right serials → synthesis; then a shop with code of its own, in a folder with spaces and CR LF line ends.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const temporary = mkdtempSync(join(tmpdir(), 'keypost-acceptance-'));
let shop = join(temporary, 'shop');
// npm passes its own settings to what it runs: the clone's are not those of the shop.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|KEYPOST_)/.test(name)),
);

const run = (command: string, args: readonly string[], more: object = {}) => {
  console.log(`$ ${[command, ...args].join(' ')}`);
  return execFileSync(command, args, {
    cwd: shop,
    env: { ...env, ...more },
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
};
const npm = (...args: readonly string[]) => run('npm', args);
const readText = (name: string) => readFileSync(join(shop, name), 'utf8');
const writeText = (name: string, text: string) => {
  mkdirSync(dirname(join(shop, name)), { recursive: true });
  writeFileSync(join(shop, name), text);
};

const serialUnder = (key: Buffer, name: string) => {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return Buffer.concat([cipher.update(name, 'utf8'), cipher.final()])
    .toString('hex')
    .toUpperCase();
};
const KEY = Buffer.from('1234567890123456');
const TEST_KEY = createHash('sha256')
  .update('a Keypost test order for widgetpro-mac')
  .digest()
  .subarray(0, 16);
const NAME = 'Zoë Lindqvist';

/** Runs `npm start` while `use` works with it. */
async function withStart(
  use: (page: string, keypost: (...args: readonly string[]) => string) => Promise<void>,
) {
  const child = spawn('npm', ['start'], {
    ...{ cwd: shop, detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
    env: { ...env, PORT: '0', AWS_PORT: '0', DATA_DIR: ':memory:' },
  });
  try {
    const found: Record<string, string> = {};
    for await (const line of createInterface({ input: child.stdout })) {
      const [, name, address] = /^(Keypost|AWS) +(http:\S+)/.exec(line) ?? [];
      if (name && address) found[name] = address;
      if (line.startsWith('Products')) break;
    }
    const { Keypost: page = '', AWS: aws = '' } = found;
    const ports = { PORT: new URL(page).port, AWS_PORT: new URL(aws).port };
    await use(page, (...args) => run('npm', ['run', '-s', 'keypost', '--', ...args, '--local'], ports));
  } finally {
    if (child.pid) process.kill(-child.pid);
    await once(child, 'exit');
  }
}

async function requireMail(page: string, text: string) {
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await (await fetch(`${page}/local/mails`)).text()).includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`found no mail with ${text}; expected one within ten seconds`);
}

/** The code blocks of a page by their first line. */
const blocks = new Map(
  [...readFileSync('docs/own-code.md', 'utf8').matchAll(/^```\w+\n((.*)\n[\s\S]*?)^```/gm)].map(
    ([, text = '', first = '']) => [first, text],
  ),
);
const block = (first: string) => blocks.get(first) ?? '';

const REAL_SHOP = `import { defineConfig, presets } from 'keypost';
import { acme } from './providers/acme/provider.ts';
import { wordy } from './serials/wordy.ts';

export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
  },
  providers: {
    stripe: { testOrders: 'seller' },
    paddle: {},
    fastspring: {},
    ${block('// keypost.config.ts, in `providers`')}
  },
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: { stripe: ['prod_WidgetProMac'], paddle: ['pro_mac'], fastspring: ['widgetpro-mac'] },
    },
    'widgetpro-win': {
      name: 'WidgetPro for Windows',
      serial: { ...presets['openssl-ecb'], text: { alphabet: 'HEX' } },
      skus: { stripe: ['prod_WidgetProWin'], paddle: ['pro_win'] },
    },
    ${block('// keypost.config.ts, in `products`')}
  },
});
`;

try {
  mkdirSync(shop);
  run('npm', ['pack', '--silent', '--pack-destination', temporary, process.cwd()]);
  const [tarball = ''] = readdirSync(temporary).filter((name) => name.endsWith('.tgz'));
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  npm('install', ...quiet, join('..', tarball));
  run(process.execPath, ['node_modules/keypost/bin/keypost.mjs', 'init', '.']);
  npm('install', ...quiet);

  await withStart(async (page, keypost) => {
    keypost('simulate', 'stripe');
    await requireMail(page, serialUnder(TEST_KEY, NAME));
    keypost('simulate', 'stripe', '--live');
    await requireMail(page, serialUnder(KEY, NAME));
    assert.ok(keypost('orders', 'list').includes(serialUnder(KEY, NAME)));
  });
  npm('run', 'check');
  // A misspelt provider does not compile.
  const template = readText('keypost.config.ts');
  writeText('keypost.config.ts', template.replace('stripe: {', 'strpe: {'));
  assert.throws(() => run('npx', ['--no', 'tsc']));

  renameSync(shop, join(temporary, 'My Shop'));
  shop = join(temporary, 'My Shop');
  writeText('keypost.config.ts', REAL_SHOP);
  for (const path of ['serials/wordy.ts', 'providers/acme/provider.ts']) writeText(path, block(`// ${path}`));
  const files = [
    'keypost.config.ts',
    'serials/wordy.ts',
    'providers/acme/provider.ts',
    'package.json',
    'cdk.json',
  ];
  for (const name of files) writeText(name, readText(name).replaceAll('\n', '\r\n'));
  const body = [...blocks.keys()].find((first) => first.startsWith('{"event"')) ?? '';
  writeText('providers/acme/samples/evidence.json', block('['));
  writeText('providers/acme/samples/paid.json', body);
  npm('run', '-s', 'keypost', '--', 'provider', 'test', 'providers/acme/provider.ts');
  writeText('keys.csv', 'name,key\r\nacme,an-acme-key\r\nwidgetpro-win,00112233445566778899AABBCCDDEEFF\r\n');
  await withStart(async (page, keypost) => {
    keypost('keys', 'set', '--file', 'keys.csv');
    const [{ headers }] = JSON.parse(block('['));
    const answer = await fetch(`${page}/orders/acme`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200);
    await requireMail(page, 'ZOELINDQVIST-23747');
    keypost('simulate', 'paddle', '--live');
    await requireMail(page, serialUnder(KEY, NAME));
    assert.match(keypost('serial', 'make', '--product', 'wordy-mac', '--name', NAME), /ZOELINDQVIST-23747/);
  });
  npm('run', 'check');
  const bundles = readdirSync(join(shop, 'cdk.out'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.mjs'),
  );
  const texts = bundles.map((name) => readText(join('cdk.out', name)));
  assert.ok(texts.some((text) => text.includes('x-acme-signature')));
  assert.equal(texts.filter((text) => text.match(/no signature matches/g)?.length === 2).length, 0);
  console.log('the package works');
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
