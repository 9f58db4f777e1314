/** The catalogue in an editor: the language services of TypeScript 5.9 and 7 explain, complete and check it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript-5';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Settings } from '../../../functions/core/catalogue/schema.ts';
import type {
  MailStore,
  OwnProvider,
  ProductSettings,
  ProviderSettings,
  ShopSettings,
  WithOptions,
} from '../../../functions/core/catalogue/settings.ts';
import type { AnswerOptions, SandboxOptions } from '../../../functions/core/inbound/shapes.ts';
import type { Options as BlockOptions } from '../../../functions/providers/block/provider.ts';
import type { Options as FormOptions } from '../../../functions/providers/form/options.ts';
import type { Options as GumroadOptions } from '../../../functions/providers/gumroad/provider.ts';
import type { Options as PayPalOptions } from '../../../functions/providers/paypal/order.ts';
import type { Options as IpnOptions } from '../../../functions/providers/paypal-ipn/provider.ts';
import type * as settings from '../../../functions/providers/settings.ts';
import type { Options as StripeOptions } from '../../../functions/providers/stripe/sale.ts';
import { testEach } from '../../fixtures/in-words.ts';

/** All fields compulsory and all lists read-only, so that two types with different fields differ. */
type Deep<T> = T extends (...values: never) => unknown
  ? T
  : T extends readonly (infer One)[]
    ? readonly Deep<One>[]
    : T extends object
      ? { readonly [Key in keyof T]-?: Deep<Exclude<T[Key], undefined>> }
      : T;
type In<Schema extends z.core.$ZodType> = Deep<z.input<Schema>>;

/** The compiler checks that the hand-written types have the fields and values of the schemas, and no others. */
test('the hand-written types are those of the schemas', () => {
  interface Provider
    extends WithOptions<Readonly<Record<string, unknown>>>,
      Partial<Pick<MailStore, 'mail'>> {
    readonly as?: string;
    readonly use?: OwnProvider['use'];
  }
  interface Written extends ShopSettings {
    readonly providers: Readonly<Record<string, Provider & ProviderSettings>>;
    readonly products: Readonly<Record<string, ProductSettings<string>>>;
  }
  const checks = [
    (one: Deep<Written>) => one satisfies In<typeof Settings>,
    (one: In<typeof Settings>) => one satisfies Deep<Written>,
    (one: Deep<settings.AnswerOptions>) => one satisfies In<typeof AnswerOptions>,
    (one: In<typeof AnswerOptions>) => one satisfies Deep<settings.AnswerOptions>,
    (one: Deep<settings.SandboxOptions>) => one satisfies In<typeof SandboxOptions>,
    (one: In<typeof SandboxOptions>) => one satisfies Deep<settings.SandboxOptions>,
    (one: Deep<settings.BlockOptions>) => one satisfies In<typeof BlockOptions>,
    (one: In<typeof BlockOptions>) => one satisfies Deep<settings.BlockOptions>,
    (one: Deep<settings.FormOptions>) => one satisfies In<typeof FormOptions>,
    (one: In<typeof FormOptions>) => one satisfies Deep<settings.FormOptions>,
    (one: Deep<settings.GumroadOptions>) => one satisfies In<typeof GumroadOptions>,
    (one: In<typeof GumroadOptions>) => one satisfies Deep<settings.GumroadOptions>,
    (one: Deep<settings.PayPalOptions>) => one satisfies In<typeof PayPalOptions>,
    (one: In<typeof PayPalOptions>) => one satisfies Deep<settings.PayPalOptions>,
    (one: Deep<settings.IpnOptions>) => one satisfies In<typeof IpnOptions>,
    (one: In<typeof IpnOptions>) => one satisfies Deep<settings.IpnOptions>,
    (one: Deep<settings.StripeOptions>) => one satisfies In<typeof StripeOptions>,
    (one: In<typeof StripeOptions>) => one satisfies Deep<settings.StripeOptions>,
  ];
  expect(checks).toHaveLength(18);
});

test.each(['core/catalogue/settings.ts', 'providers/settings.ts'])(
  'every field of %s has a comment',
  (name) => {
    const lines = readFileSync(`functions/${name}`, 'utf8').split('\n');
    const bare = lines.filter(
      (line, at) => /^ +readonly \w/.test(line) && !/\*\/$/.test(lines[at - 1] ?? ''),
    );
    expect(bare).toEqual([]);
  },
);

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'keypost-editor-')));
const file = join(folder, 'keypost.config.ts');
const compilerOptions = {
  paths: { keypost: [resolve('functions/keypost.ts')] },
  typeRoots: [resolve('node_modules/@types')],
};
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
writeFileSync(
  join(folder, 'tsconfig.json'),
  JSON.stringify({ extends: resolve('tsconfig.json'), compilerOptions, include: ['*.ts'] }),
);

const SOURCE = `import { defineConfig, presets } from 'keypost';
export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
    identity: 'records',
  },
  providers: {
    stripe: {
      testOrders: 'seller',
      licenseeField: 'licensee',
      options: {
        adjustable: ['plink_1'],
      },
    },
    gumroad: {
      options: {
        sellerId: 'me',
      },
    },
    second: {
      as: 'shop',
    },
  },
  products: {
    'widget-mac': {
      name: 'Widget',
      serial: {
        kind: 'aes-128',
        mode: 'cbc',
        iv: {
          from: 'zero',
        },
        padding: 'pkcs7',
        charset: 'utf8',
        text: {
          alphabet: 'HEX',
          group: 8,
        },
      },
      skus: {
        stripe: ['prod_1'],
        second: ['w'],
      },
      floor: { EUR: '10.00' },
      mail: {
        subject: 'Your serial',
      },
    },
    'widget-win': {
      name: 'Widget',
      serial: { ...presets['openssl-ecb'], text: { alphabet: 'HEX' } },
      skus: { gumroad: ['x'] },
    },
  },
  dashboard: true,
});
`;
/** The position of the part after `|` in the first line that contains it. */
const positionOf = (text: string, marked: string) => {
  const [before = ''] = marked.split('|');
  return text.indexOf(marked.replace('|', '')) + before.length;
};

interface Editor {
  hover(text: string, at: number): Promise<string>;
  complete(text: string, at: number): Promise<readonly string[]>;
}

function typescript5(): Editor {
  let text = '';
  let version = 0;
  const config = ts.getParsedCommandLineOfConfigFile(
    join(folder, 'tsconfig.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  const snapshot = (name: string) => {
    const content = name === file ? text : ts.sys.readFile(name);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  };
  const service = ts.createLanguageService({
    getCompilationSettings: () => config?.options ?? {},
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => (name === file ? String(version) : '1'),
    getScriptSnapshot: snapshot,
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  const open = (next: string) => {
    // Another version makes the service check the whole program again.
    if (next !== text) version += 1;
    text = next;
  };
  return {
    async hover(next, at) {
      open(next);
      return ts.displayPartsToString(service.getQuickInfoAtPosition(file, at)?.documentation);
    },
    async complete(next, at) {
      open(next);
      return service.getCompletionsAtPosition(file, at, undefined)?.entries.map(({ name }) => name) ?? [];
    },
  };
}

const lineAt = (text: string, at: number) => {
  const before = text.slice(0, at).split('\n');
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
};

const Hover = z.nullable(z.object({ contents: z.object({ value: z.string() }) }));
const Items = z.array(z.object({ label: z.string() }));
const Completions = z.union([Items, z.object({ items: Items }).transform(({ items }) => items)]);
const Report = z.object({
  items: z.array(z.object({ range: z.object({ start: z.object({ line: z.number() }) }) })),
});

/** TypeScript 7 speaks the Language Server Protocol over its standard streams. */
function typescript7() {
  const server = spawn(process.execPath, ['node_modules/typescript/bin/tsc', '--lsp', '--stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = new Map<number, (result: unknown) => void>();
  let received = Buffer.alloc(0);
  const send = (message: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  server.stdout.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const head = received.indexOf('\r\n\r\n');
      const size = Number(
        /Content-Length: (\d+)/.exec(received.toString('latin1', 0, Math.max(head, 0)))?.[1],
      );
      if (head < 0 || received.length < head + 4 + size) return;
      const { id, method, result } = JSON.parse(received.toString('utf8', head + 4, head + 4 + size));
      received = received.subarray(head + 4 + size);
      if (method === undefined) waiting.get(id)?.(result);
      else if (id !== undefined) send({ id, result: null });
    }
  });
  let calls = 0;
  const call = (method: string, params: object) =>
    new Promise<unknown>((resolve) => {
      calls += 1;
      waiting.set(calls, resolve);
      send({ id: calls, method, params });
    });
  const uri = pathToFileURL(file).href;
  const textDocument = { uri };
  let version = 0;
  const ready = call('initialize', { processId: process.pid, rootUri: null, capabilities: {} });
  const open = async (text: string) => {
    await ready;
    version += 1;
    if (version === 1) {
      send({ method: 'initialized', params: {} });
      send({
        method: 'textDocument/didOpen',
        params: { textDocument: { uri, languageId: 'typescript', version, text } },
      });
    } else
      send({
        method: 'textDocument/didChange',
        params: { textDocument: { uri, version }, contentChanges: [{ text }] },
      });
  };
  return {
    async hover(text: string, at: number) {
      await open(text);
      const position = lineAt(text, at);
      const found = Hover.parse(await call('textDocument/hover', { textDocument, position }));
      return found?.contents.value.replace(/```[\s\S]*?```/g, '').trim() ?? '';
    },
    async complete(text: string, at: number) {
      await open(text);
      const position = lineAt(text, at);
      const list = await call('textDocument/completion', { textDocument, position });
      return Completions.parse(list).map(({ label }) => label.replace(/\?$/, ''));
    },
    async check(text: string) {
      await open(text);
      const { items } = Report.parse(await call('textDocument/diagnostic', { textDocument }));
      return items.map(({ range }) => range.start.line);
    },
    stop: () => server.kill(),
  };
}

writeFileSync(file, SOURCE);
const seven = typescript7();
afterAll(() => {
  seven.stop();
  rmSync(folder, { recursive: true });
});

describe.each<[string, Editor]>([
  ['5.9', typescript5()],
  ['7', seven],
])('TypeScript %s', (_version, editor) => {
  const own = ["'widget-mac'", "'widget-win'", 'second', 'EUR'];
  const fields = [...SOURCE.matchAll(/^ +('?[\w-]+'?): /gm)].flatMap(({ 0: text, 1: name = '', index }) =>
    own.includes(name) || text.length > 18 || (name === 'stripe' && text.length > 14)
      ? []
      : [[`${name} in line ${lineAt(SOURCE, index).line + 1}`, index + text.indexOf(name) + 1] as const],
  );
  test('explains every field', async () => {
    const bare: string[] = [];
    for (const [name, at] of fields) if ((await editor.hover(SOURCE, at)).length < 10) bare.push(name);
    expect(bare).toEqual([]);
  }, 120_000);

  test.each<[what: string, from: string, to: string, names: readonly string[]]>([
    ['provider names', '    stripe: {', '    |', ['paddle', 'fastspring', 'paypal-mail']],
    ['options of a provider', "adjustable: ['plink_1'],", '|', ['adjustable']],
    ['settings of a provider', "testOrders: 'seller',", '|', ['testOrders', 'ignore']],
    ['SKU tables', "stripe: ['prod_1'],", '|', ['stripe', 'gumroad']],
    ['settings of a serial', "padding: 'pkcs7',", '|', ['padding']],
  ])('completes %s', async (_what, from, to, names) => {
    const text = SOURCE.replace(
      from,
      to.replace('|', from.includes('{') ? `stripe: {},\n    \n    other: {` : ''),
    );
    const at = from.includes('{') ? text.indexOf('stripe: {},\n    ') + 16 : SOURCE.indexOf(from);
    const labels = await editor.complete(text, at);
    expect(names.filter((name) => !labels.some((label) => label.replaceAll(/['"]/g, '') === name))).toEqual(
      [],
    );
  });
});

describe('the compiler', () => {
  test('finds no mistake in the sample', async () => {
    expect(await seven.check(SOURCE)).toEqual([]);
  });

  testEach([
    ['    |stripe: {', 'strpe: {'],
    ["        |stripe: ['prod_1']", "strpe: ['prod_1']"],
    ["        |second: ['w']", "secnd: ['w']"],
    ['|testOrders:', 'testOrder:'],
    ["|testOrders: 'seller'", "testOrders: 'buyer'"],
    ['|adjustable:', 'ajustable:'],
    ['|sellerId:', 'sellerID:'],
    ["|as: 'shop'", "as: 'shp'"],
    ['|replyTo:', 'reply:'],
    ["|mode: 'cbc'", "mode: 'cbd'"],
    ['|padding:', 'pading:'],
    ["|from: 'zero'", "from: 'none'"],
    ["|alphabet: 'HEX',\n", "alphabet: 'Hex',\n"],
    ["|charset: 'utf8'", "charset: 'utf-8'"],
    ['|floor:', 'flor:'],
    ['|subject:', 'subjct:'],
    ['|dashboard:', 'dashbord:'],
    ['|skus: { gumroad', 'skus: { gumrod'],
  ])('reports a mistake at its line: $1', async (marked, wrong) => {
    const at = positionOf(SOURCE, marked);
    const right = marked.slice(marked.indexOf('|') + 1);
    const text = SOURCE.slice(0, at) + wrong + SOURCE.slice(at + right.length);
    expect(await seven.check(text)).toContain(lineAt(SOURCE, at).line);
  });
});
