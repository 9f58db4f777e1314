/** Runs every example of every help text on a local system. The help texts are all that is read. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../bin/commands/cli/program.ts';
import demo from '../../local/demo-shop.ts';
import { type Running, start } from '../../local/start.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-help-'));
const KEYPOST_CONFIG = resolve('local/demo-shop.ts');
let running: Running;
let env: Record<string, string> = {};

async function keypost(args: readonly string[]) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const ask = async () => 'yes';
  const code = await run(args, {
    env,
    print,
    complain: print,
    ask,
    readSecret: async () => '1234567890123456',
  });
  return { code, printed: lines.join('\n') };
}

/** Yields the words of each command that has help. */
async function* commands(
  path: readonly string[] = [],
): AsyncGenerator<{ path: readonly string[]; help: string }> {
  const { code, printed: help } = await keypost([...path, '--help']);
  expect({ path, code }).toEqual({ path, code: 0 });
  yield { path, help };
  const [, list = ''] = /^Commands:\n((?: .*\n?)*)/m.exec(help) ?? [];
  for (const [, name = ''] of list.matchAll(/^ {2}([a-z-]+)/gm))
    if (name !== 'help') yield* commands([...path, name]);
}

/** Parses an example as a shell does; a comment follows two spaces. */
function wordsOf(example: string): string[] {
  const line = example
    .trim()
    .replace(/ {2,}\S.*/, '')
    .replace(/ && .*/, '')
    .replaceAll(/ [<>] \S+/g, '');
  const [, command = ''] = /npm run (?:-s )?keypost -- (.*)/.exec(line) ?? [];
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}

const back = process.cwd();
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: KEYPOST_CONFIG });
  env = { KEYPOST_CONFIG, PORT: new URL(running.page).port, AWS_PORT: new URL(running.aws).port };
  const files = {
    'cwd/orders.csv': 'provider,order,date,name,email,product,quantity,serial\n',
    'cwd/past.csv': 'provider,order,sku,name,email,amount,currency\n',
    'cwd/keys.csv': 'name,key\nwidgetpro-mac,1234567890123456\nstripe,whsec_another\n',
    'cwd/pairs.csv': 'Jane Q. Sample,B05F5DA78463537B5F9A76CF01B76E01\n',
  };
  mkdirSync(join(folder, 'cwd'));
  copyFileSync('functions/providers/kagi/samples/kagi-01-single.eml', join(folder, 'cwd/order.eml'));
  // `init` refuses this folder; test/acceptance.ts runs it.
  mkdirSync(join(folder, 'my-shop'));
  writeFileSync(join(folder, 'my-shop/cdk.json'), '');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  process.chdir(join(folder, 'cwd'));
  for (const [provider = '', id = ''] of [
    ['stripe', 'pi_123'],
    ['shop', '1042'],
  ])
    await keypost(['simulate', provider, '--id', id, '--live', '--local']);
});
afterAll(async () => {
  process.chdir(back);
  await running.stop();
  rmSync(folder, { recursive: true });
});

test('every example of every help text runs', async () => {
  for await (const { path, help } of commands()) {
    const [, text = ''] = /^Examples?:\n([\s\S]*?)\n?(?:\n\n|(?![\s\S]))/m.exec(help) ?? [];
    const examples = text
      .replaceAll(/ \\\n\s*/g, ' ')
      .split('\n')
      .filter((line) => line.includes('npm run'));
    const isGroup = help.includes('\nCommands:\n') && path.length > 0;
    expect([path, examples.length > 0]).toEqual([path, !isGroup]);
    for (const example of examples) {
      const words = wordsOf(example);
      const takesLocal = help.includes('--local') && !words.includes('--local') && path.length > 0;
      const { code, printed } = await keypost(takesLocal ? [...words, '--local'] : words);
      // 1: the example's order, file or stack does not exist here. Any other error is a fault of the command.
      expect([example, code < 2, /^\w*Error: |unknown error/m.exec(printed)]).toEqual([example, true, null]);
    }
  }
});

describe('the command line', () => {
  test.each<[args: string, printed: RegExp]>([
    ['--help', /^Usage: keypost/],
    ['-h', /^Usage: keypost/],
    ['help', /^Usage: keypost/],
    ['help orders issue', /^Usage: keypost orders issue/],
    ['orders issue -h', /^Usage: keypost orders issue/],
    ['--version', /^\d+\.\d+\.\d+$/],
    ['completion zsh', /^# source this/],
    ['completion', /' orders issue'\*\) COMPREPLY=.*--product/],
  ])('%s', async (args, printed) => {
    expect(await keypost(args.split(' '))).toEqual({ code: 0, printed: expect.stringMatching(printed) });
  });

  test.each<[args: string, code: number, error: string]>([
    ['orders show nothing --local --json', 1, 'there is no order nothing'],
    ['orders list --limt 3 --json', 2, "unknown option '--limt'"],
    ['orders list --date yesterday --json', 2, 'Expected a date such as 2026-11-23.'],
  ])('%s writes its error as JSON', async (args, code, error) => {
    const result = await keypost(args.split(' '));
    expect([result.code, JSON.parse(result.printed)]).toEqual([
      code,
      { error: expect.stringContaining(error) },
    ]);
    expect(result.printed).not.toContain('error: ');
  });

  test('simulate sends a test order, and says where it is ignored', async () => {
    const { printed } = await keypost(['simulate', 'paddle', '--local']);
    const isIgnored = demo.providers.paddle?.testOrders !== 'seller';
    expect(printed.includes('testOrders')).toBe(isIgnored);
  });

  test('keys set --file sets all keys or none, and shows none', async () => {
    writeFileSync('wrong.csv', 'stripe,whsec_third\nnobody,whsec_fourth\n');
    const wrong = await keypost(['keys', 'set', '--file', 'wrong.csv', '--local']);
    expect(wrong).toEqual({ code: 1, printed: expect.stringMatching(/neither a product nor a provider/) });
    const { code, printed } = await keypost(['keys', 'set', '--file', 'keys.csv', '--local']);
    expect([code, printed]).toEqual([0, expect.stringMatching(/stripe/)]);
    expect(printed).not.toMatch(/1234567890123456|whsec/);
  });
});
