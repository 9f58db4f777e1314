/** `npm start`: the errors that prevent a start, the data that a restart finds, and how the process ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listen } from '../../bin/commands/cli/http.ts';
import { settingsFrom } from '../../local/settings.ts';
import { start } from '../../local/start.ts';
import { catalogueFile, serial } from '../fixtures/catalogue.ts';
import { killedCopy } from './running.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keypost-start-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A developer's own AWS settings, which the embedded AWS must replace. */
const OWN_AWS = {
  AWS_PROFILE: 'mine',
  AWS_REGION: 'eu-west-1',
  AWS_SESSION_TOKEN: 'mine',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  AWS_ENDPOINT_URL_DYNAMODB: 'http://localhost:9',
};

const USUAL = { PORT: '0', AWS_PORT: '0', DATA_DIR: ':memory:', KEYPOST_CONFIG: 'local/demo-shop.ts' };

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/local.ts'], {
    cwd: root,
    env: { ...process.env, ...OWN_AWS, ...USUAL, ...env },
  });
  children.push(child);
  let output = '';
  let complained = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complained += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, output, complained }));
  const started = async () => {
    for (;;) {
      const [page, aws] = [...output.matchAll(/^(?:Keypost|AWS) +(http:\/\/localhost:\d+)/gm)].map(
        ([, url]) => url ?? '',
      );
      if (page && aws && output.includes('Products')) return { page, aws, output };
      if (child.exitCode !== null) throw new Error(complained);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, started };
}

/** Starts in this process, with the settings of `env`. */
const startWith = (env: Record<string, string>) =>
  Promise.resolve().then(() => start(settingsFrom({ ...USUAL, ...env })));

describe('a start that fails with a message', () => {
  const config = (text: string) => {
    const path = join(folder, 'other.config.ts');
    writeFileSync(path, text);
    return { KEYPOST_CONFIG: path };
  };

  test.each<[string, () => Record<string, string>, RegExp]>([
    [
      'with a remote AWS endpoint',
      () => ({ AWS_ENDPOINT_URL: 'https://dynamodb.eu-west-1.amazonaws.com' }),
      /^AWS_ENDPOINT_URL is https:/,
    ],
    [
      'with a remote endpoint for one service',
      () => ({ AWS_ENDPOINT_URL_SES: 'http://10.0.0.1:4566' }),
      /^AWS_ENDPOINT_URL_SES is http:/,
    ],
    ['with a malformed port', () => ({ PORT: 'http' }), /^PORT is http: expected a number/],
    [
      'without the catalogue file',
      () => ({ KEYPOST_CONFIG: '/nowhere/keypost.config.ts' }),
      /^\/nowhere\/keypost\.config\.ts: there is no such file/,
    ],
    [
      'with a catalogue that is not TypeScript',
      () => config('export default {{'),
      /other\.config\.ts:1:\d+: ERROR/,
    ],
    [
      'with a damaged file',
      () => {
        const DATA_DIR = join(folder, 'damaged');
        mkdirSync(DATA_DIR);
        writeFileSync(join(DATA_DIR, 'secrets.json'), '{"product-keys":{"value":"12345');
        return { DATA_DIR };
      },
      /^\S+damaged\/secrets\.json is damaged: expected the JSON that Keypost wrote\. Stop Keypost; restore it /,
    ],
    ['with a catalogue that exports nothing', () => config('export const x = 1;'), /exports no catalogue/],
    [
      'with a mistake in the catalogue',
      () =>
        config(
          "import { defineConfig } from 'keypost';\nexport default defineConfig({ seller: {}, providers: {}, products: {} } as never);",
        ),
      /^seller\.name: /m,
    ],
    [
      'with an unknown provider',
      () =>
        config(
          catalogueFile({
            providers: { stipe: {} },
            products: { widget: { name: 'Widget', serial, skus: { stipe: ['w'] } } },
          }),
        ),
      /^providers\.stipe: /m,
    ],
  ])('%s', async (_, env, message) => {
    await expect(startWith(env())).rejects.toThrow(message);
  });

  const inUse = (name: string, port: number) =>
    `Port ${port} is in use. Use another one: ${name}=${port + 1} npm start`;

  test('with PORT in use', async () => {
    const other = await listen(0, 'X', async () => undefined);
    await expect(startWith({ PORT: String(other.port) })).rejects.toThrow(inUse('PORT', other.port));
    await other.close();
  });

  test('with AWS_PORT in use prints the message without a stack and exits with 1', async () => {
    const other = await listen(0, 'X', async () => undefined);
    const { code, complained } = await run({ AWS_PORT: String(other.port) }).ended;
    await other.close();
    expect(complained).toBe(`${inUse('AWS_PORT', other.port)}\n`);
    expect(code).toBe(1);
  });
});

describe('the process', () => {
  const DATA_DIR = join(folder, 'shared');
  let other: ReturnType<typeof run>;
  let printed = '';
  beforeAll(async () => {
    const path = join(folder, 'keyless.config.ts');
    const hex = { name: 'W', serial: { ...serial, key: { form: 'hex' as const } }, skus: { shop: ['w'] } };
    const products = { 'widgetpro-mac': hex, plugin: { name: 'P', serial, skus: { shop: ['p'] } } };
    writeFileSync(path, catalogueFile({ providers: { shop: {}, stripe: {} }, products }));
    other = run({ DATA_DIR, KEYPOST_CONFIG: path });
    printed = (await other.started()).output;
  });

  test('prints the keys that are missing or unusable, with the command that sets each', () => {
    expect(printed).toMatch(
      /widgetpro-mac has a key that is not of the form .*keys set widgetpro-mac --local/,
    );
    expect(printed).toMatch(/plugin has no key: npm run keypost -- keys set plugin --local/);
  });

  test('keeps its data from a second start, which fails with a message', async () => {
    // The other process may be writing these files.
    mkdirSync(join(DATA_DIR, 'tables-9'));
    appendFileSync(join(DATA_DIR, 'mails.jsonl'), '{"id"');
    await expect(startWith({ DATA_DIR })).rejects.toThrow(
      /^Another Keypost is using this data\. Stop it, or use another folder: DATA_DIR=/,
    );
    expect(existsSync(join(DATA_DIR, 'tables-9'))).toBe(true);
    expect(readFileSync(join(DATA_DIR, 'mails.jsonl'), 'utf8')).toBe('{"id"');
  });

  test('ends on SIGINT', async () => {
    other.child.kill('SIGINT');
    expect(await other.ended).toMatchObject({ code: 0, complained: '' });
  });
});

describe('a start on the same data', () => {
  const DATA_DIR = join(folder, 'kept');
  const simulate = (page: string, email: string) => {
    const order = { provider: 'stripe', product: 'widgetpro-mac', name: 'Zoë', email };
    return fetch(`${page}/local/simulate`, { method: 'POST', body: JSON.stringify(order) });
  };
  const read = async (page: string, what: string) => (await fetch(`${page}/local/${what}`)).json();

  test('after a kill finds orders, mails, faults and keys unchanged', async () => {
    const first = run({ DATA_DIR });
    const { page } = await first.started();
    expect(statSync(DATA_DIR).mode & 0o777).toBe(0o700);
    await simulate(page, 'one@example.com');
    await simulate(page, 'two@example.com');
    const delivered = async () => JSON.stringify(await read(page, 'orders')).match(/"delivered"/g);
    await vi.waitFor(async () => expect(await delivered()).toHaveLength(2), 5_000);
    const faults = await (
      await fetch(`${page}/local/faults`, { method: 'PUT', body: '{"secretsmanager":"down"}' })
    ).json();
    const before = [await read(page, 'orders'), await read(page, 'mails')];
    first.child.kill('SIGKILL');
    await first.ended;

    const running = await startWith({ DATA_DIR });
    const { page: again } = running;
    expect([await read(again, 'orders'), await read(again, 'mails')]).toEqual(before);
    expect(await read(again, 'faults')).toEqual(faults);
    // The port has changed, and so has the address of the fake API.
    expect(readFileSync(join(DATA_DIR, 'secrets.json'), 'utf8')).toContain(`${again}/local/stripe`);
    // A Lambda that starts while Secrets Manager is down has no key.
    expect(await (await simulate(again, 'three@example.com')).json()).toMatchObject({ status: 503 });
    await fetch(`${again}/local/faults`, { method: 'PUT', body: '{"secretsmanager":null}' });
    await running.stop();
  });

  test('repairs an index that a kill left inconsistent, drops the lease of the killed process, and ends on SIGTERM', {
    timeout: 90_000,
  }, async () => {
    const first = await startWith({ DATA_DIR });
    const client = (endpoint: string) =>
      new DynamoDBClient({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      });
    const TableName = 'keypost-orders';
    const dynamo = client(first.aws);
    // A table without indexes is one whose index entries are all lost.
    await dynamo.send(new DeleteTableCommand({ TableName }));
    const bare = new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
    });
    await vi.waitFor(() => dynamo.send(bare));
    for (let n = 0; n < 60; n += 1) {
      const Item = {
        key: { S: `x#${n}` },
        dueShard: { N: '3' },
        dueAt: { S: `2026-01-01T00:00:${String(n).padStart(2, '0')}Z` },
        raw: { B: Buffer.from([n, 255]) },
      };
      await vi.waitFor(() => dynamo.send(new PutItemCommand({ TableName, Item })));
    }
    await dynamo.send(
      new PutItemCommand({
        TableName,
        Item: { key: { S: 'lease#redeliver' }, until: { N: '9999999999999' } },
      }),
    );
    const killed = killedCopy(DATA_DIR, folder);
    await first.stop();

    const second = run({ DATA_DIR: killed });
    const restarted = client((await second.started()).aws);
    const due = new QueryCommand({
      TableName,
      IndexName: 'due',
      KeyConditionExpression: 'dueShard = :shard',
      ExpressionAttributeValues: { ':shard': { N: '3' } },
    });
    expect((await restarted.send(due)).Items?.map(({ key }) => key?.S)).toEqual(
      Array.from({ length: 60 }, (_, n) => `x#${n}`),
    );
    const { Items } = await restarted.send(new ScanCommand({ TableName, ConsistentRead: true }));
    expect(Items?.length).toBe(60);
    expect(Items?.find(({ key }) => key?.S === 'x#7')?.raw?.B).toEqual(new Uint8Array([7, 255]));
    await restarted.send(new PutItemCommand({ TableName, Item: { key: { S: 'lease#redeliver' } } }));
    second.child.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0, complained: '' });

    // A process that ended in order has left the indexes correct, so nothing is copied.
    const folders = (dataDir: string) => readdirSync(dataDir).filter((name) => name.startsWith('tables-'));
    const before = folders(killed);
    const third = await startWith({ DATA_DIR: killed });
    const again = client(third.aws);
    expect((await again.send(due)).Items?.length).toBe(60);
    expect((await again.send(new ScanCommand({ TableName }))).Items?.length).toBe(60);
    expect(folders(killed)).toEqual(before);
    const killedAgain = killedCopy(killed, folder);
    await third.stop();
    const running = await startWith({ DATA_DIR: killedAgain });
    expect(folders(killedAgain)).not.toEqual(before);
    await running.stop();
  });
});
