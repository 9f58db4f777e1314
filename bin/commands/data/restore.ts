/** `restore`: puts the items of a restored table back into the stack's table, while the webhook runs. */
import { isDeepStrictEqual } from 'node:util';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateScan,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { withBarOf } from '../cli/progress.ts';
import { type OptionsOf, targetFrom, withTargetOptions } from '../cli/target.ts';
import { requireYes, type Terminal } from '../cli/terminal.ts';
import { mapInOrder } from './import-file.ts';

const define = () =>
  withTargetOptions(new Command('restore'))
    .requiredOption('--from <table>', 'the restored table')
    .option('--key <key>', 'only this item: show the difference, and replace it after a question')
    .option('--dry-run', 'write nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'for scripts: the counts of read, restored and present items')
    .addHelpText('after', HELP);

const HELP = `
Items that the stack's table has stay as they are, so a second run changes nothing, and
the webhook need not be paused. docs/operations.md describes the whole procedure.

Examples:
  npm run keypost -- restore --from keypost-restored --dry-run
  npm run keypost -- restore --from keypost-restored --key stripe#pi_3PExample`;

type Item = Readonly<Record<string, AttributeValue>>;

interface Tables {
  readonly client: DynamoDBClient;
  readonly from: string;
  readonly to: string;
}

export const restoreCommand = (terminal: Terminal) =>
  define().action(async (options) => {
    const { from, key, dryRun } = options;
    const target = targetFrom(options, terminal.env);
    const tables = { client: new DynamoDBClient(target.config), from, to: (await target.names()).table };
    if (from === tables.to) throw new CommandError(`${from} is the stack's own table; name the restored one`);
    try {
      if (key !== undefined) return await restoreOne(terminal, tables, key, options);
      const counts = await withBarOf((show) => restoreAll(tables, dryRun === true, show), process.stderr);
      const verb = dryRun ? 'would be restored' : 'are restored';
      const { read, restored, present } = counts;
      terminal.print(
        options.json ? json(counts) : `${read} items read; ${restored} ${verb}, ${present} are there already`,
      );
    } catch (error) {
      if (error instanceof ResourceNotFoundException)
        throw new CommandError(
          `there is no table ${from} in this account and region; restore one first, as docs/operations.md says`,
        );
      throw error;
    }
  });

const SEGMENTS = 4;
const AT_ONCE = 16;
/** Leases and cursors are about runs of the damaged table. An old one would stop or misplace the next run. */
const TRANSIENT = /^(lease|cursor)#/;

async function restoreAll(tables: Tables, isDry: boolean, show: (part: number) => void) {
  const { client, from } = tables;
  const { Table } = await client.send(new DescribeTableCommand({ TableName: from }));
  const count = { read: 0, restored: 0, present: 0 };
  const segment = async (Segment: number) => {
    for await (const outcome of mapInOrder(itemsOf(tables, Segment), AT_ONCE, (item) =>
      isDry ? wouldRestore(tables, item) : putMissing(tables, item),
    )) {
      count.read += 1;
      count[outcome] += 1;
      // The count is some hours old, which is good enough for a progress bar.
      show(Math.min(1, count.read / (Table?.ItemCount || count.read)));
    }
  };
  await Promise.all(Array.from({ length: SEGMENTS }, (_, at) => segment(at)));
  return count;
}

async function* itemsOf({ client, from }: Tables, Segment: number): AsyncGenerator<Item> {
  const scan = { TableName: from, Segment, TotalSegments: SEGMENTS };
  for await (const { Items = [] } of paginateScan({ client }, scan))
    yield* Items.filter(({ key }) => !TRANSIENT.test(key?.S ?? ''));
}

/** The condition makes it safe beside the webhook: an item that arrives meanwhile stays. */
async function putMissing({ client, to }: Tables, item: Item): Promise<'restored' | 'present'> {
  try {
    await client.send(
      new PutItemCommand({
        TableName: to,
        Item: item,
        ConditionExpression: 'attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': 'key' },
      }),
    );
    return 'restored';
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return 'present';
    throw error;
  }
}

const wouldRestore = async ({ client, to }: Tables, { key }: Item) =>
  (await find(client, to, key?.S ?? '')) ? ('present' as const) : ('restored' as const);

async function find(client: DynamoDBClient, table: string, key: string): Promise<Item | undefined> {
  const command = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true });
  return (await client.send(command)).Item;
}

/** Replaces an item whatever its version: a damaged one has the higher. Later writes are then conditional on the new one. */
async function restoreOne(
  terminal: Terminal,
  { client, from, to }: Tables,
  key: string,
  { dryRun, yes }: OptionsOf<typeof define>,
): Promise<void> {
  const [old, present] = [await find(client, from, key), await find(client, to, key)];
  if (!old)
    throw new CommandError(`${from} has no item ${key}; look for its key with \`orders list\` or \`export\``);
  const fields = differences(present ?? {}, old);
  if (fields.length === 0) return terminal.print(`${key} is the same in both tables`);
  terminal.print(columns([['FIELD', 'NOW', `IN ${from}`], ...fields]));
  if (dryRun) return;
  await requireYes(terminal, yes, `Replace ${key} by the item of ${from}?`);
  const version = Math.max(versionOf(present), versionOf(old)) + 1;
  try {
    await client.send(
      new PutItemCommand({
        TableName: to,
        Item: { ...old, ...(old.version && { version: { N: String(version) } }) },
        ...(present?.version
          ? {
              ConditionExpression: '#version = :seen',
              ExpressionAttributeNames: { '#version': 'version' },
              ExpressionAttributeValues: { ':seen': present.version },
            }
          : {}),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new CommandError(`${key} has changed since it was shown; run the command again`);
  }
  terminal.print(`${key} is replaced, as version ${version}`);
}

const versionOf = (item: Item | undefined): number => Number(item?.version?.N ?? 0);

function differences(now: Item, old: Item): [string, string, string][] {
  const [one, other]: Record<string, unknown>[] = [unmarshall(now), unmarshall(old)];
  return [...new Set([...Object.keys(now), ...Object.keys(old)])]
    .filter((name) => name !== 'writer' && !isDeepStrictEqual(one?.[name], other?.[name]))
    .map((name) => [name, shown(one?.[name]), shown(other?.[name])]);
}

const WIDTH = 60;
const shown = (value: unknown): string => (value === undefined ? '' : json(value, 0).slice(0, WIDTH));
