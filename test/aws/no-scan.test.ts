/** No Lambda reads the whole table: its bundle does not contain the Scan operation. */
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundling } from '../../lib/bundle.ts';
import demo from '../../local/demo-shop.ts';
import { PROVIDERS } from '../bench/every-provider.ts';
import { deafClients, oneOrder } from '../bench/one-order.ts';

/** The Lambda generate has no AWS client. `keypost.ts` is what a seller's catalogue imports, not a Lambda. */
const OTHER_FILES = ['env.ts', 'generate.ts', 'keypost.ts'];
const LAMBDAS = readdirSync('functions')
  .filter((file) => file.endsWith('.ts') && !OTHER_FILES.includes(file))
  .map((file) => file.slice(0, -3));

/** Returns the DynamoDB operations in a bundle, by their names in the SDK's schemas. */
async function operationsOf(stdin: { contents: string; resolveDir: string; loader: 'ts' }) {
  const options = { ...bundling(demo), outdir: '.', write: false as const };
  const { outputFiles } = await build({ ...options, stdin });
  const text = outputFiles.map((file) => file.text).join('\n');
  return ['PutItem', 'Query', 'Scan', 'TransactWriteItems'].filter((name) => text.includes(`"${name}"`));
}

test.each(LAMBDAS)('the bundle of %s has no Scan and no transaction', async (name) => {
  const contents = `export * from './functions/${name}.ts';`;
  const operations = await operationsOf({ contents, resolveDir: process.cwd(), loader: 'ts' });
  expect(operations).toContain('PutItem');
  expect(operations).not.toContain('Scan');
  expect(operations).not.toContain('TransactWriteItems');
});

test('a Scan in a bundle is detected', async () => {
  const contents = `import { ScanCommand } from '@aws-sdk/client-dynamodb'; export const scan = () => new ScanCommand({ TableName: '' });`;
  expect(await operationsOf({ contents, resolveDir: process.cwd(), loader: 'ts' })).toEqual(['Scan']);
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
