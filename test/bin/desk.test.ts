/** `keypost desk`: its access rules, and its API on the local system and on an emulator as the deployed one. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { type Running, start } from '../../local/start.ts';
import { startServer } from '../local/server.ts';

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

describe('the deployed system', () => {
  /** CloudFormation and STS. A caller without the right to call the operator itself is answered as IAM does. */
  async function emulator(deniesOperator: boolean, change: { outputs?: object; request?: object } = {}) {
    const calls: string[] = [];
    const services = new Set<string>();
    const outputs = {
      ...{
        OrdersTable: 'keypost-orders',
        ProductKeysSecret: 'product-keys',
        ProviderKeysSecret: 'provider-keys',
      },
      ...{
        ConfigurationSet: 'keypost',
        OperatorFunction: 'keypost-operator',
        SupportFunction: 'keypost-operator:support',
      },
      WebhookStripe: 'https://api.example.com/orders/stripe',
      ...change.outputs,
    };
    const members = Object.entries(outputs).map(
      ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const stack = `<StackName>Shop</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-23T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>`;
    const server = await startServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const text = body.toString();
      const {
        host: _host,
        'content-length': _length,
        connection: _connection,
        ...headers
      } = request.headersDistinct;
      if (text.includes('Action=DescribeStacks'))
        return void response.end(
          `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
        );
      if (text.includes('Action=GetCallerIdentity'))
        return void response.end(
          '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/anna</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>',
        );
      services.add(String(request.headers['x-amz-target']).split(/[._]/)[0] ?? '');
      const name = decodeURIComponent(/functions\/([^/]+)/.exec(request.url ?? '')?.[1] ?? '');
      if (name) calls.push(name);
      if (deniesOperator && name === 'keypost-operator') {
        response.writeHead(403, {
          'x-amzn-errortype': 'AccessDeniedException',
          'content-type': 'application/json',
        });
        return void response.end('{"Message":"no"}');
      }
      const sent = name ? JSON.stringify({ ...JSON.parse(text), ...change.request }) : body;
      const passed = await fetch(running.aws + (request.url ?? ''), {
        method: request.method ?? 'POST',
        headers: Object.fromEntries(
          Object.entries(headers).map(([key, value]) => [key, value?.join(',') ?? '']),
        ),
        body: sent,
      });
      response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await passed.arrayBuffer()));
    });
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
    const stop = async () => {
      process.env = before;
      await server.stop();
    };
    return { calls, services, stop };
  }
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
    'is reached without a catalogue; without the right to call the operator: %s',
    async (denies) => {
      const { calls, stop } = await emulator(denies);
      try {
        const call = api(await open(['--stack', 'Shop'], nowhere));
        expect(await call('GET', 'session')).toMatchObject({
          status: 200,
          local: false,
          who: 'arn:aws:iam::1:user/anna',
          seller: 'Widget Works',
        });
        await sell('', `held-${denies}@example.com`);
        const key = (await call('GET', 'held')).items?.[0]?.key;
        expect(
          await call('POST', 'actions', { action: 'release', key, name: 'Anna Berg', why: 'asked' }),
        ).toMatchObject({ status: 200, done: true });
        expect(await call('GET', `orders/${encodeURIComponent(key ?? '')}`)).toMatchObject({
          acts: [{ what: 'release', who: 'arn:aws:iam::1:user/anna', why: 'asked' }],
        });
        expect(await call('GET', 'orders?search=berg&fresh')).toMatchObject({ status: 200, read: 1 });
        expect(await call('GET', 'local/mails')).toMatchObject({ status: 400 });
        expect(new Set(calls)).toEqual(
          new Set(denies ? ['keypost-operator', 'keypost-operator:support'] : ['keypost-operator']),
        );
      } finally {
        await stop();
      }
    },
  );

  test('a person with KeypostSupport resolves the usual tickets from the command line and reads no key', async () => {
    const { calls, services, stop } = await emulator(true);
    try {
      const key = await sell('', 'ticket@example.com');
      const orders = (...args: string[]) =>
        keypost(['orders', ...args, '--stack', 'Shop', '--json'], nowhere);
      for (const [verb, args, acted] of [
        ['release', ['--name', 'Anna Berg'], { lines: [{ licensee: 'Anna Berg' }] }],
        ['resend', ['--email', 'anna@example.com'], { buyer: { email: 'anna@example.com' } }],
        ['reissue', ['--name', 'Anna Bergman'], { lines: [{ licensee: 'Anna Bergman' }] }],
        ['transfer', ['--name', 'Ida', '--email', 'ida@example.com'], { buyer: { name: 'Ida' } }],
      ] as const) {
        const { code, out } = await orders(verb, key, ...args, '--why', 'asked');
        expect([verb, code]).toEqual([verb, 0]);
        expect(JSON.parse(out)).toMatchObject({ key, ...acted });
        const last = z
          .object({ acts: z.array(z.looseObject({})) })
          .parse(JSON.parse(out))
          .acts.at(-1);
        expect(last).toMatchObject({ what: verb, who: 'arn:aws:iam::1:user/anna', why: 'asked' });
      }
      expect(new Set(calls)).toEqual(new Set(['keypost-operator', 'keypost-operator:support']));
      expect([...services]).not.toContain('secretsmanager');
    } finally {
      await stop();
    }
  });

  test('an action that was decided on an older state is not applied, and the order is shown again', async () => {
    const { stop } = await emulator(false, { request: { basis: 'older' } });
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
    const { stop } = await emulator(false, { outputs: { OperatorFunction: '' } });
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
