/** `keypost desk`: its access rules, and its API on the local system and on an emulator as the deployed one. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { ordersIndex, textBlocks } from '../../bin/commands/desk/orders-index.ts';
import { everyItem } from '../../bin/commands/orders/table.ts';
import { fromItem, toItem } from '../../functions/core/order/stored.ts';
import type { Item } from '../../functions/core/order/types.ts';
import { isListed, isUnpaid, type OrderView, view } from '../../functions/core/order/view.ts';
import { type Running, start } from '../../local/start.ts';
import { type Access, CALLER, deployedStack, OPERATOR, TABLE } from './deployed-stack.ts';
import { isAllowed } from './support-policy.ts';

let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
}, 60_000);
afterAll(() => running.stop());

/** Runs `keypost …` in this process. */
async function keypost(args: readonly string[], env: Record<string, string> = {}) {
  let [out, err] = ['', ''];
  const code = await run(args, {
    env: { PORT: new URL(running.page).port, AWS_PORT: new URL(running.aws).port, ...env },
    print: (line) => {
      out += line;
    },
    complain: (line) => {
      err += line;
    },
    readSecret: async () => '',
  });
  return { code, out, err };
}

/** Runs `keypost desk --no-open --json …`, which keeps running, and returns its address. */
async function open(args: readonly string[], env: Record<string, string> = {}): Promise<URL> {
  const { code, out } = await keypost(['desk', '--no-open', '--json', ...args], env);
  expect(code).toBe(0);
  return new URL(z.strictObject({ url: z.string() }).parse(JSON.parse(out)).url);
}

const Answer = z.looseObject({
  key: z.optional(z.string()),
  items: z.optional(z.array(z.looseObject({ key: z.string() }))),
});
const api = (url: URL) => async (method: string, path: string, body?: object) => {
  const headers = { 'x-desk-token': url.searchParams.get('token') ?? '' };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(new URL(`/desk/api/${path}`, url), init);
  return { status: response.status, ...Answer.parse(await response.json()) };
};

test('a foreign page, a rebinding host and a wrong token get nothing', async () => {
  const url = await open(['--local']);
  const token = url.searchParams.get('token') ?? '';
  expect([url.hostname, token.length]).toEqual(['127.0.0.1', 32]);
  const statusOf = async (path: string, headers: Record<string, string> = {}) => {
    const socket = connect(Number(url.port), '127.0.0.1');
    const lines = Object.entries({ host: url.host, connection: 'close', ...headers }).map((pair) =>
      pair.join(': '),
    );
    socket.write([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return Number(answer.split(' ')[1]);
  };
  const good = { 'x-desk-token': token };
  for (const path of ['/', '/desk/api/session', '/desk/api/orders']) {
    expect(await statusOf(path, good)).toBe(200);
    expect(await statusOf(`${path}?token=${token}`)).toBe(200);
    for (const wrong of ['', 'x', `${token}x`, token.replace(/.$/, '')])
      expect(await statusOf(path, { 'x-desk-token': wrong })).toBe(403);
    expect(await statusOf(path, { ...good, host: 'evil.example' })).toBe(403);
    expect(await statusOf(path, { ...good, host: `evil.example:${url.port}` })).toBe(403);
    for (const origin of ['http://evil.example', 'null', 'http://localhost:1'])
      expect(await statusOf(path, { ...good, origin })).toBe(403);
  }
  expect(await statusOf('/desk/../package.json', good)).toBe(404);
  expect(await statusOf('/desk/docs/..%2Fpackage.json', good)).toBe(404);
});

describe('the search of the desk', () => {
  test('finds the texts that contain the wanted one, also after changes', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '健'), maxLength: 4 });
    const changes = fc.array(fc.tuple(fc.nat(250), letters), { minLength: 1, maxLength: 30 });
    const wanted = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '健'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(changes, changes, wanted, (first, second, part) => {
        const blocks = textBlocks();
        const texts = Array.from({ length: 251 }, () => '');
        for (const [number] of texts.entries()) blocks.set(number, '');
        for (const some of [first, second]) {
          for (const [number, text] of some) {
            blocks.set(number, text);
            texts[number] = text;
          }
          const marks = new Uint8Array(texts.length);
          blocks.mark(part, marks);
          expect([...marks]).toEqual(texts.map((text) => Number(text.includes(part))));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('reads some attributes only, and shows of each order what the whole order has', async () => {
    const client = new DynamoDBClient({ endpoint: running.aws });
    const table = { client, name: 'keypost-orders' };
    const file = readFileSync(new URL('../core/order/schema-1.json', import.meta.url), 'utf8');
    const revive = (name: string, value: { base64: string }) =>
      name === 'body' ? Buffer.from(value.base64, 'base64') : value;
    const old: Record<string, Record<string, unknown>> = JSON.parse(file, revive);
    for (const [state, item] of Object.entries(old)) {
      for (const stored of [item, toItem(fromItem(item))]) {
        const key = `${String(item.key)}-${state}-${String(stored.schema ?? 1)}`;
        const Item = marshall({ ...stored, key }, { removeUndefinedValues: true });
        await client.send(new PutItemCommand({ TableName: table.name, Item }));
      }
    }
    const items: Item[] = [];
    for await (const page of everyItem(table)) items.push(...page);
    const whole = items.filter((item) => isListed(item) || isUnpaid(item)).map(view);
    const reads: object[] = [];
    client.middlewareStack.add(
      (next) => (args) => {
        reads.push(args.input);
        return next(args);
      },
      { step: 'initialize' },
    );
    const index = ordersIndex(table, {}, async () => Date.now());
    await index.load();
    const byKey = (one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1);
    const shown = ({ key, receivedAt, heldAt, held, status, buyer, lines, mail, acts = [] }: OrderView) => ({
      ...{ key, receivedAt, status, held, heldAt, email: buyer.email, mail: mail.state },
      name: lines.find(({ licensee }) => licensee)?.licensee ?? lines[0]?.received ?? buyer.name,
      serial: lines.find(({ serial }) => serial)?.serial ?? null,
      acts: acts.map(({ at }) => at),
    });
    expect([...index.rows()].sort(byKey)).toMatchObject(whole.sort(byKey).map(shown));
    expect(new Set(whole.map(({ status }) => status)).size).toBeGreaterThan(3);
    const scans = reads.filter((input) => 'Segment' in input);
    expect(scans.length).toBeGreaterThan(3);
    for (const scan of scans)
      expect(scan).toMatchObject({ ProjectionExpression: expect.not.stringContaining('raw') });
    expect(index.search('zoe', 0).items.length).toBeGreaterThan(3);
    for (const { key } of items)
      await client.send(new DeleteItemCommand({ TableName: table.name, Key: marshall({ key }) }));
  });
});

describe('the deployed system', () => {
  const invoked = (used: readonly Access[]) => [
    ...new Set(used.flatMap(({ action, resource }) => (action === 'lambda:InvokeFunction' ? resource : []))),
  ];
  const nowhere = { KEYPOST_CONFIG: '/nowhere/keypost.config.ts' };
  const sell = async (name: string, email: string) => {
    const order = { provider: 'stripe', product: 'widgetpro-mac', name, email };
    await fetch(`${running.page}/local/simulate`, { method: 'POST', body: JSON.stringify(order) });
    const orders = z
      .array(z.object({ key: z.string(), buyer: z.object({ email: z.nullable(z.string()) }) }))
      .parse(await (await fetch(`${running.page}/local/orders`)).json());
    return orders.find(({ buyer }) => buyer.email === email)?.key ?? '';
  };

  test.each([false, true])(
    'is reached without a catalogue; with the policy KeypostSupport only: %s',
    async (isSupport) => {
      const { used, stop } = await deployedStack(running.aws, isSupport ? { isAllowed } : {});
      try {
        const call = api(await open(['--stack', 'Shop'], nowhere));
        expect(await call('GET', 'session')).toMatchObject({
          status: 200,
          local: false,
          who: CALLER,
          seller: 'Widget Works',
        });
        await sell('', `held-${isSupport}@example.com`);
        const key = (await call('GET', 'held')).items?.[0]?.key;
        expect(
          await call('POST', 'actions', { action: 'release', key, name: 'Anna Berg', why: 'asked' }),
        ).toMatchObject({ status: 200, done: true });
        expect(await call('GET', `orders/${encodeURIComponent(key ?? '')}`)).toMatchObject({
          acts: [{ what: 'release', who: CALLER, why: 'asked' }],
        });
        expect(await call('GET', 'orders?search=berg&fresh')).toMatchObject({ status: 200, read: 1 });
        expect(await call('GET', 'local/mails')).toMatchObject({ status: 400 });
        const erase = await call('POST', 'actions', { action: 'erase', email: 'x@example.com', keys: [] });
        expect(erase).toMatchObject({ done: !isSupport });
        expect(invoked(used)).toEqual(isSupport ? [OPERATOR, `${OPERATOR}:support`] : [OPERATOR]);
      } finally {
        await stop();
      }
    },
  );

  test('a person with KeypostSupport resolves the usual tickets from the command line and reads no key', async () => {
    const { used, stop } = await deployedStack(running.aws, { isAllowed });
    try {
      const key = await sell('', 'ticket@example.com');
      const orders = (...args: string[]) =>
        keypost(['orders', ...args, '--stack', 'Shop', '--json'], nowhere);
      for (const [verb, args, acted] of [
        ['release', ['--name', 'Anna Berg'], { lines: [{ licensee: 'Anna Berg' }] }],
        ['resend', [], { mail: { state: 'due' } }],
        ['resend', ['--email', 'anna@example.com'], { buyer: { email: 'anna@example.com' } }],
        ['reissue', ['--name', 'Anna Bergman'], { lines: [{ licensee: 'Anna Bergman' }] }],
        ['transfer', ['--name', 'Ida', '--email', 'ida@example.com'], { buyer: { name: 'Ida' } }],
      ] as const) {
        await fetch(`${running.page}/local/redeliver`, { method: 'POST' });
        const { code, out } = await orders(verb, key, ...args, '--why', 'asked');
        expect([verb, code]).toEqual([verb, 0]);
        expect(JSON.parse(out)).toMatchObject({ key, ...acted });
        const last = z
          .object({ acts: z.array(z.looseObject({})) })
          .parse(JSON.parse(out))
          .acts.at(-1);
        expect(last).toMatchObject({ what: verb, who: CALLER, why: 'asked' });
      }
      // The first call of each command is denied, and then it calls the alias.
      expect(invoked(used)).toEqual([OPERATOR, `${OPERATOR}:support`]);
      expect(used.filter(({ action }) => action.startsWith('secretsmanager:'))).toEqual([]);
    } finally {
      await stop();
    }
  });

  const SECRET = 'arn:aws:secretsmanager:us-east-1:1:secret:product-keys-a1b2c3';
  test.each([
    ...['GetSecretValue', 'BatchGetSecretValue', 'PutSecretValue', 'PutResourcePolicy', 'DescribeSecret'].map(
      (name) => [`secretsmanager:${name}`, SECRET],
    ),
    ...['Decrypt', 'CreateGrant'].map((name) => [`kms:${name}`, 'arn:aws:kms:us-east-1:1:key/k']),
    ...['', ':$LATEST', ':1', ':other', '-generate', ':support:x'].map((name) => [
      'lambda:InvokeFunction',
      OPERATOR + name,
    ]),
    ...[
      'GetFunction',
      'GetFunctionConfiguration',
      'UpdateFunctionCode',
      'UpdateAlias',
      'AddPermission',
    ].flatMap((name) => ['', ':support'].map((alias) => [`lambda:${name}`, OPERATOR + alias])),
    ...[
      'PutItem',
      'UpdateItem',
      'DeleteItem',
      'BatchWriteItem',
      'PartiQLUpdate',
      'ExportTableToPointInTime',
    ].map((name) => [`dynamodb:${name}`, TABLE]),
    ['dynamodb:Scan', `${TABLE}-other`],
    ['cloudformation:DescribeStacks', 'arn:aws:cloudformation:us-east-1:1:stack/Other/*'],
    ...['UpdateStack', 'GetTemplate'].map((name) => [
      `cloudformation:${name}`,
      'arn:aws:cloudformation:us-east-1:1:stack/Shop/*',
    ]),
    ...['ses:SendRawEmail', 'iam:PassRole', 'sts:AssumeRole', 's3:GetObject', 'logs:GetLogEvents'].map(
      (action) => [action, '*'],
    ),
  ])('KeypostSupport does not allow %s on %s', (action = '', resource = '') => {
    expect(isAllowed({ action, resource })).toBe(false);
  });

  test('an action that was decided on an older state is not applied, and the order is shown again', async () => {
    const { stop } = await deployedStack(running.aws, { request: { basis: 'older' } });
    try {
      const key = await sell('Joe', 'older@example.com');
      const reissue = ['orders', 'reissue', key, '--name', 'Eve', '--stack', 'Shop'];
      expect(await keypost(reissue, nowhere)).toEqual({
        code: 1,
        out: expect.stringMatching(new RegExp(`${key}.*licensee +Joe`, 's')),
        err: `${key} has changed since you saw it, so nothing is done; look at it again`,
      });
    } finally {
      await stop();
    }
  });

  test('a stack that was deployed before there was an operator is to be deployed again', async () => {
    const { stop } = await deployedStack(running.aws, { outputs: { OperatorFunction: '' } });
    try {
      expect(await keypost(['orders', 'resend', 'x', '--stack', 'Shop'], nowhere)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/has no output OperatorFunction; run `npx cdk deploy`/),
      });
    } finally {
      await stop();
    }
  });
});
