/** On the way of an order nothing reads the whole table: what a Lambda cannot ask for, it does not ask for. */
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundling } from '../../lib/bundle.ts';
import demo from '../../local/demo-shop.ts';
import { PROVIDERS } from '../bench/every-provider.ts';
import { deafClients, oneOrder } from '../bench/one-order.ts';

const LAMBDAS = readdirSync('functions')
  .filter((file) => file.endsWith('.ts') && file !== 'env.ts')
  .map((file) => file.slice(0, -3));

/** What an entry can ask DynamoDB for, by the names that the SDK's schemas give its operations. */
async function operationsOf(stdin: { contents: string; resolveDir: string; loader: 'ts' }) {
  const options = { ...bundling(demo), outdir: '.', write: false as const };
  const { outputFiles } = await build({ ...options, stdin });
  const text = outputFiles.map((file) => file.text).join('\n');
  return ['PutItem', 'Query', 'Scan', 'TransactWriteItems'].filter((name) => text.includes(`"${name}"`));
}

test.each(LAMBDAS)('%s', async (name) => {
  const contents = `export * from './functions/${name}.ts';`;
  const operations = await operationsOf({ contents, resolveDir: process.cwd(), loader: 'ts' });
  expect(operations).toContain('PutItem');
  expect(operations).not.toContain('Scan');
  expect(operations).not.toContain('TransactWriteItems');
});

test('a Scan would be seen', async () => {
  const contents = `import { ScanCommand } from '@aws-sdk/client-dynamodb'; export const scan = () => new ScanCommand({ TableName: '' });`;
  expect(await operationsOf({ contents, resolveDir: process.cwd(), loader: 'ts' })).toEqual(['Scan']);
});

const MAILED = ['PutItemCommand', 'SendRawEmailCommand', 'PutItemCommand'];
/** Where an order has a second name, which is put beside it; a form's shop takes the serial from the answer. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  fastspring: ['PutItemCommand', ...MAILED],
  paypal: ['PutItemCommand', ...MAILED],
  form: ['PutItemCommand'],
};
test.each(PROVIDERS)('%s: an order is put, mailed, and marked', async (provider) => {
  const asked: string[] = [];
  const clients = deafClients((command) => asked.push(command.constructor.name));
  await oneOrder(provider, clients)();
  expect(asked).toEqual(OTHERS[provider] ?? MAILED);
});
