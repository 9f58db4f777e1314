/** No Lambda reads the whole table: its bundle does not contain the Scan operation. */
import { readdirSync } from 'node:fs';
import { type BuildOptions, build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundling } from '../../lib/build/bundle.ts';
import demo from '../../local/demo-shop.ts';
import { PROVIDERS } from '../bench/own-work/every-provider.ts';
import { deafClients, oneOrder } from '../bench/own-work/one-order.ts';

/** The Lambda generate has no AWS client. `keypost.ts` is what a seller's catalogue imports, not a Lambda. */
const OTHER_FILES = ['env.ts', 'generate.ts', 'keypost.ts'];
const LAMBDAS = readdirSync('functions')
  .filter((file) => file.endsWith('.ts') && !OTHER_FILES.includes(file))
  .map((file) => file.slice(0, -3));

/** Returns the DynamoDB operations in a bundle, by their names in the SDK's schemas. */
async function operationsOf(input: BuildOptions) {
  const { outputFiles } = await build({ ...bundling(demo), ...input, outdir: '.', write: false });
  const text = outputFiles.map((file) => file.text).join('\n');
  return ['PutItem', 'Query', 'Scan', 'TransactWriteItems'].filter((name) => text.includes(`"${name}"`));
}

test('no bundle of a Lambda has a Scan or a transaction', async () => {
  const entryPoints = LAMBDAS.map((name) => `functions/${name}.ts`);
  expect(await operationsOf({ entryPoints })).toEqual(['PutItem', 'Query']);
});

test('a Scan in a bundle is detected', async () => {
  const contents = `import { ScanCommand } from '@aws-sdk/client-dynamodb'; export const scan = () => new ScanCommand({ TableName: '' });`;
  const stdin = { contents, resolveDir: process.cwd(), loader: 'ts' } as const;
  expect(await operationsOf({ stdin })).toEqual(['Scan']);
});

const MAILED = ['PutItemCommand', 'SendRawEmailCommand', 'PutItemCommand'];
/** An order with a second ID has one more put. An order of a form is not mailed: the shop takes the serial from the answer. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  fastspring: ['PutItemCommand', ...MAILED],
  paypal: ['PutItemCommand', ...MAILED],
  '2checkout': ['PutItemCommand', ...MAILED],
  freemius: ['PutItemCommand', ...MAILED],
  form: ['PutItemCommand'],
};
test.each(PROVIDERS)('an order of %s costs a put, a mail and a put', async (provider) => {
  const calls: string[] = [];
  const clients = deafClients((command) => calls.push(command.constructor.name));
  await oneOrder(provider, clients)();
  expect(calls).toEqual(OTHERS[provider] ?? MAILED);
});
