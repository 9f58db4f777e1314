/** The orders and files in DATA_DIR after a kill at any point of a start, and after a file is lost or damaged. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, StartError } from '../../bin/commands/cli/http.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { embeddedAws } from '../../local/aws/aws.ts';
import { NEW, OLD } from '../../local/aws/dynamodb.ts';
import { client, copyTable } from '../../local/aws/orders-table.ts';
import { diskFiles } from '../../local/files.ts';
import { useEmbeddedAws } from '../../local/settings.ts';
import { testEach } from '../fixtures/in-words.ts';
import { killedCopy } from './running.ts';

const root = mkdtempSync(join(tmpdir(), 'keypost-data-'));
afterAll(() => rmSync(root, { recursive: true }));

const KEYS = Array.from({ length: 60 }, (_, n) => `x#${n}`).sort();
const OWN = { sender: 'me@widgets.example.com', configurationSet: 'keypost' };

/** Opens the orders as a start does. @param at is called after each of its steps. */
async function open(dataDir: string, at: (step: string) => void = () => undefined) {
  const files = diskFiles(dataDir);
  let isStarting = true;
  const write = (name: string, text: string) => {
    files.write(name, text);
    if (isStarting) at(`write ${name}`);
  };
  const { handler, tables } = embeddedAws(dataDir, { ...files, write }, OWN);
  const server = await listen(0, 'AWS_PORT', handler);
  const address = `http://127.0.0.1:${server.port}`;
  useEmbeddedAws(address);
  const watched = (view: string) => {
    const watchedClient = client(address, view);
    watchedClient.middlewareStack.add((next, { commandName }) => async (args) => {
      const answer = await next(args);
      at(`${commandName} ${view}`);
      return answer;
    });
    return watchedClient;
  };
  const close = async () => {
    await server.close();
    await tables.close();
  };
  await tables
    .renew((hasOld) => copyTable(watched(NEW), hasOld ? watched(OLD) : undefined, () => false))
    .catch(async (error) => {
      await close();
      throw error;
    });
  isStarting = false;
  return { orders: client(address), close };
}

async function keysAfterStart(dataDir: string): Promise<(string | undefined)[]> {
  const { orders, close } = await open(dataDir);
  const { Items = [] } = await orders.send(new ScanCommand({ TableName: LOCAL_NAMES.table }));
  await close();
  return Items.map(({ key }) => key?.S).sort();
}

const copyOf = (dataDir: string) => killedCopy(dataDir, root);
const foldersIn = (dataDir: string) => readdirSync(dataDir).filter((name) => name.startsWith('tables-'));

interface Killed {
  readonly step: string;
  readonly dataDir: string;
}
const first: Killed[] = [];
const second: Killed[] = [];
let data = '';

beforeAll(async () => {
  data = mkdtempSync(join(root, 'data-'));
  const { orders, close } = await open(data, (step) => first.push({ step, dataDir: copyOf(data) }));
  for (const key of KEYS)
    await orders.send(new PutItemCommand({ TableName: LOCAL_NAMES.table, Item: { key: { S: key } } }));
  await close();
  const again = copyOf(data);
  const { close: closeAgain } = await open(again, (step) => second.push({ step, dataDir: copyOf(again) }));
  await closeAgain();
});

describe('a start that was killed', () => {
  test('during the first start leaves no data behind', async () => {
    expect(first.map(({ step }) => step)).toEqual([
      'write tables',
      'CreateTableCommand /new',
      'CreateTableCommand /new',
      'DescribeTableCommand /new',
      'write tables',
    ]);
    for (const { step, dataDir } of first) expect(await keysAfterStart(dataDir), step).toEqual([]);
  });

  test('loses no order, and the next start leaves one folder', async () => {
    expect(second.map(({ step }) => step)).toEqual([
      'CreateTableCommand /new',
      'CreateTableCommand /new',
      'DescribeTableCommand /new',
      'ScanCommand /old',
      'BatchWriteItemCommand /new',
      'BatchWriteItemCommand /new',
      'BatchWriteItemCommand /new',
      'write tables',
    ]);
    for (const { step, dataDir } of second) {
      const copy = copyOf(dataDir);
      expect(await keysAfterStart(copy), step).toEqual(KEYS);
      expect(foldersIn(copy), step).toHaveLength(1);
    }
  });

  test('deletes no folder if `tables` is lost too', async () => {
    for (const { step, dataDir } of second) {
      const copy = copyOf(dataDir);
      rmSync(join(copy, 'tables'));
      const message = `${join(copy, 'tables')} names no folder that exists, found tables-1, tables-2. Copy ${copy}, `;
      await expect(open(copy), step).rejects.toThrow(message);
      expect(foldersIn(copy), step).toEqual(['tables-1', 'tables-2']);
    }
  });

  test('keeps the older folder until the newer one is proven to be readable', async () => {
    const copy = copyOf(second.at(-1)?.dataDir ?? '');
    rmSync(join(copy, 'tables-2', 'CURRENT'));
    await expect(open(copy)).rejects.toThrow(`${join(copy, 'tables-2')} cannot be opened`);
    for (const lost of ['tables-2', 'tables']) rmSync(join(copy, lost), { recursive: true });
    expect(await keysAfterStart(copy)).toEqual(KEYS);
  });
});

describe('`tables`', () => {
  test.each<[string, (file: string) => void]>([
    ['lost', rmSync],
    ['empty', truncateSync],
    ['cut', (file) => truncateSync(file, 3)],
    ['saved by an editor', (file) => writeFileSync(file, 'tables-1\n')],
    ['replaced by another path', (file) => writeFileSync(file, '../data')],
  ])('that is %s does not cost the orders of the only folder', async (_, alter) => {
    const copy = copyOf(data);
    alter(join(copy, 'tables'));
    expect(await keysAfterStart(copy)).toEqual(KEYS);
  });

  test.each<[string, (dataDir: string) => void, string]>([
    ['another folder', (dir) => writeFileSync(join(dir, 'tables'), 'tables-7'), 'found tables-1. Copy '],
    [
      'a folder that is lost',
      (dir) => rmSync(join(dir, 'tables-1'), { recursive: true }),
      'found no folder. Restore ',
    ],
  ])('that names %s prevents the start', async (_, alter, message) => {
    const copy = copyOf(data);
    alter(copy);
    const before = readdirSync(copy);
    await expect(open(copy)).rejects.toThrow(message);
    expect(readdirSync(copy)).toEqual(before);
  });
});

test.each<[string, (folder: string) => void, string]>([
  ['all files', (folder) => remove(folder, /^/), 'cannot be opened'],
  ['the manifest', (folder) => remove(folder, /^MANIFEST/), 'cannot be opened'],
  ['the log', (folder) => remove(folder, /\.log$/), 'cannot be copied: ResourceNotFoundException'],
])('a folder without %s is named in the error and kept', async (_, alter, message) => {
  const copy = copyOf(data);
  alter(join(copy, 'tables-1'));
  const fix = `Restore the folder from a copy; to start without its orders, delete it and ${join(copy, 'tables')}.`;
  await expect(open(copy)).rejects.toThrow(new RegExp(`^${join(copy, 'tables-1')} ${message}.*${fix}$`));
  expect(foldersIn(copy)).toEqual(['tables-1']);
  expect(readFileSync(join(copy, 'tables'), 'utf8')).toBe('tables-1');
});
function remove(folder: string, pattern: RegExp): void {
  for (const name of readdirSync(folder)) if (pattern.test(name)) rmSync(join(folder, name));
}

describe('a damaged file is named, its fix is stated, its content is not quoted', () => {
  testEach([
    ['is cut off', 'secrets.json', '{"product-keys":{"value":"CONTENT'],
    ['is not JSON', 'secrets.json', 'CONTENT'],
    ['has a number as secret', 'secrets.json', '{"CONTENT":{"value":7}}'],
    ['is empty', 'secrets.json', ''],
    ['has an unknown fault', 'faults.json', '{"ses":"CONTENT"}'],
    ['is a list that is cut off', 'faults.json', '[CONTENT'],
    ['has a number', 'ses.json', '{"CONTENT":1}'],
    ['is not JSON', 'ses.json', 'CONTENT'],
    ['has a second line that is cut off', 'mails.jsonl', '\n{"to":["CONTENT@example.com"]\n', 'line 2 of '],
    ['has a mail without its other fields', 'mails.jsonl', '{"to":["CONTENT@example.com"]}\n', 'line 1 of '],
  ])('$1 $0', (_, name, text, line = '') => {
    const dataDir = mkdtempSync(join(root, 'damaged-'));
    writeFileSync(join(dataDir, name), text);
    const start = () => embeddedAws(dataDir, diskFiles(dataDir), OWN);
    const fix = 'Stop Keypost; restore it from a copy, or delete it to start without its content.';
    const path = join(dataDir, name);
    expect(start).toThrow(
      new StartError(`${line}${path} is damaged: expected the JSON that Keypost wrote. ${fix}`),
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});
