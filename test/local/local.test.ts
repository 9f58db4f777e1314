/** Tests the port of the page: API Gateway's event, the access rules, and the routes under /local. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { listen } from '../../bin/commands/cli/http.ts';
import { viaGateway } from '../../local/lambdas/gateway.ts';
import { type Running, start } from '../../local/start.ts';

let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
});
afterAll(() => running.stop());

const ask = (path: string, init?: RequestInit) => fetch(running.page + path, init);
const Answer = z.object({
  message: z.optional(z.string()),
  licensee: z.optional(z.string()),
  serial: z.optional(z.string()),
  status: z.optional(z.number()),
  body: z.optional(z.string()),
});
const post = async (path: string, body: object) => {
  const answer = await ask(path, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, ...Answer.parse(await answer.json()) };
};

describe('API Gateway', () => {
  /** Returns the event that the Lambda gets, and the response that the caller gets. */
  async function through(
    path: string,
    init: RequestInit,
    lambda: () => unknown = () => ({ statusCode: 200 }),
    timeoutMs?: number,
  ) {
    let event: unknown;
    const server = await listen(0, 'PORT', (request, response) =>
      viaGateway(
        async (received) => {
          event = received;
          return lambda();
        },
        'ANY /orders/shop',
        request,
        response,
        timeoutMs,
      ),
    );
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    const body = await answer.text();
    await server.close();
    return { event, status: answer.status, body, type: answer.headers.get('content-type') };
  }

  test('passes the request in format 2.0', async () => {
    const headers = { 'Content-Type': 'application/json', 'X-Two': 'a, b', cookie: 'one=1; two=2' };
    const { event } = await through('/orders/shop?a=1&b=x%20y&a=2', {
      method: 'POST',
      headers,
      body: '{"ü":1}',
    });
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /orders/shop',
      rawPath: '/orders/shop',
      rawQueryString: 'a=1&b=x%20y&a=2',
      cookies: ['one=1', 'two=2'],
      headers: { 'content-type': 'application/json', 'x-two': 'a, b', host: expect.anything() },
      queryStringParameters: { a: '1,2', b: 'x y' },
      requestContext: {
        http: { method: 'POST', path: '/orders/shop', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      },
      body: '{"ü":1}',
      isBase64Encoded: false,
    });
  });

  // As observed at AWS: https://github.com/ministackorg/ministack/pull/766
  test.each<[type: string, base64: boolean]>([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['application/cloudevents+json', false],
    ['text/plain', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['application/jsonx', true],
    ['', true],
  ])('passes a body of type "%s" in base64: %s', async (type, base64) => {
    const { event } = await through('/', { method: 'POST', headers: { 'content-type': type }, body: 'a=ü' });
    const body = base64 ? Buffer.from('a=ü').toString('base64') : 'a=ü';
    expect(event).toMatchObject({ body, isBase64Encoded: base64 });
  });

  test('leaves out absent parts of the request', async () => {
    const { event } = await through('/orders/shop', {});
    for (const name of ['body', 'cookies', 'queryStringParameters']) expect(event).not.toHaveProperty(name);
  });

  test.each<[string, () => unknown, object]>([
    [
      'a text',
      () => ({ statusCode: 202, body: 'ü' }),
      { status: 202, body: 'ü', type: 'text/plain;charset=utf-8' },
    ],
    ['base64', () => ({ statusCode: 200, body: 'w7w=', isBase64Encoded: true }), { body: 'ü' }],
    [
      'a type',
      () => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{}' }),
      { type: 'application/json' },
    ],
    ['no result', () => undefined, { status: 500, body: expect.stringContaining('"Internal Server Error"') }],
    [
      'an error',
      () => Promise.reject(new Error('planned')),
      { status: 500, body: expect.stringContaining('"Internal Server Error"') },
    ],
  ])('returns the result of the Lambda: %s', async (_, lambda, expected) => {
    expect(await through('/', {}, lambda)).toMatchObject(expected);
  });

  test('refuses a body of more than 10 MB', async () => {
    const most = 10 * 1024 * 1024;
    expect(await through('/', { method: 'POST', body: 'x'.repeat(most) })).toMatchObject({ status: 200 });
    const over = await through('/', { method: 'POST', body: 'x'.repeat(most + 1) });
    expect(over).toMatchObject({ status: 413, body: expect.stringContaining('"Request Entity Too Large"') });
  });

  test('responds with 503 when the Lambda exceeds its time', async () => {
    const late = await through('/', {}, () => new Promise(() => undefined), 0);
    expect(late).toMatchObject({ status: 503, body: expect.stringContaining('"Service Unavailable"') });
  });

  test('has one kind of path', async () => {
    expect((await ask('/orders/nobody', { method: 'POST' })).status).toBe(404);
    expect((await ask('/orders/shop/more', { method: 'POST' })).status).toBe(404);
    expect((await ask('/orders/%E0%A4%A', { method: 'POST' })).status).toBe(404);
    expect((await ask('/orders', { method: 'POST' })).status).toBe(404);
  });
});

describe('access', () => {
  /** Sends a raw request, because fetch does not allow another Host header. */
  async function rawResponse(address: string, headers: Record<string, string>): Promise<string> {
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    const lines = Object.entries({ ...headers, connection: 'close' }).map((pair) => pair.join(': '));
    socket.end(['GET /local/faults HTTP/1.1', ...lines, '', ''].join('\r\n'));
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }

  // At the AWS port an unsigned request gets SES's own 403, in XML.
  test.each([
    ['page', /^HTTP\/1.1 200/],
    ['aws', /MissingAuthenticationToken/],
  ] as const)('the port of the %s answers this machine only', async (which, served) => {
    const address = running[which];
    const { host, port } = new URL(address);
    for (const ours of [host, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
      expect(await rawResponse(address, { host: ours })).toMatch(served);
      expect(await rawResponse(address, { host: ours, origin: `http://${ours}` })).toMatch(served);
    }
    const refused = /^HTTP\/1.1 403.*answers this machine only/s;
    for (const origin of ['http://evil.example', 'null', `https://localhost:${port}`, 'http://localhost:1']) {
      expect(await rawResponse(address, { host, origin })).toMatch(refused);
    }
    for (const foreign of ['evil.example', `evil.example:${port}`, `localhost.evil.example:${port}`, '']) {
      expect(await rawResponse(address, { host: foreign })).toMatch(refused);
    }
  });

  test('no port can be reached from the network', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outward = addresses.filter(({ internal, family }) => !internal && family === 'IPv4');
    if (outward.length === 0)
      console.log('this machine has only a loopback address, so there is nothing to connect to');
    for (const { address } of outward) {
      for (const { port } of [new URL(running.page), new URL(running.aws)]) {
        const socket = connect(Number(port), address);
        await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      }
    }
  });
});

describe('faults', () => {
  const change = async (body: string) => {
    const answer = await ask('/local/faults', { method: 'PUT', body });
    return [answer.status, await answer.json()];
  };

  test('are switched independently', async () => {
    expect(await change('{"ses":"lost"}')).toEqual([
      200,
      { ses: 'lost', dynamodb: null, secretsmanager: null },
    ]);
    expect(await change('{"dynamodb":"throttle"}')).toEqual([
      200,
      { ses: 'lost', dynamodb: 'throttle', secretsmanager: null },
    ]);
    expect(await change('{"ses":null,"dynamodb":null}')).toEqual([
      200,
      { ses: null, dynamodb: null, secretsmanager: null },
    ]);
    expect(await (await ask('/local/faults')).json()).toEqual({
      ses: null,
      dynamodb: null,
      secretsmanager: null,
    });
  });

  test.each([
    ['an unknown fault of SES', '{"ses":"fire"}'],
    ['a fault of another service', '{"s3":null}'],
    ['a fault that secrets cannot have', '{"secretsmanager":"throttle"}'],
    ['a text that is no JSON', 'no JSON'],
    ['a list', '[]'],
  ])('%s is refused with 400 and the expected values', async (_, body) => {
    expect(await change(body)).toEqual([400, { message: expect.stringMatching(/throttle|not JSON/) }]);
  });
});

describe('the serial of a received key and name', () => {
  test('equals that of openssl', async () => {
    const key = 'ABCDEFGHIJ123456';
    const { status, licensee, serial } = await post('/local/serial', {
      key,
      name: '  Zoë  Lindqvist ',
      product: 'widgetpro-mac',
    });
    expect([status, licensee]).toEqual([200, 'Zoë Lindqvist']);
    if (spawnSync('openssl', ['version']).status !== 0)
      return console.log('openssl is not available, so the serial is not compared');
    const flags = ['enc', '-aes-128-ecb', '-K', Buffer.from(key).toString('hex')];
    expect(serial).toBe(
      execFileSync('openssl', flags, { input: 'Zoë Lindqvist' }).toString('hex').toUpperCase(),
    );
  });

  test('may use another profile, and a mistake is explained', async () => {
    const profile = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'hex' } };
    const order = { key: '1234567890123456', name: 'Zoë', profile };
    expect(await post('/local/serial', order)).toMatchObject({
      serial: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    for (const [change, message] of [
      [{ key: 'short' }, 'the key is not of the form'],
      [{ name: ' ' }, 'no_name'],
      [{ profile: { ...profile, mode: 'xts' } }, 'mode'],
      [{ profile: undefined, product: 'nope' }, 'mode'],
    ] as const) {
      expect(await post('/local/serial', { ...order, ...change })).toMatchObject({
        status: 400,
        message: expect.stringContaining(message),
      });
    }
  });
});

describe('test orders', () => {
  test.each(['shop', 'stripe'])('of %s are recorded and mailed', async (provider) => {
    const email = `${provider}@example.com`;
    const order = { provider, product: 'widgetpro-mac', name: 'Zoë', email, company: '' };
    expect(await post('/local/simulate', order)).toMatchObject({ status: 200, body: '' });
    expect(await post('/local/simulate', { ...order, test: true })).toMatchObject({ status: 200 });
    const mails = z
      .array(z.object({ to: z.array(z.string()), subject: z.string() }))
      .parse(await (await ask('/local/mails')).json());
    expect(mails.slice(-2)).toMatchObject([
      { to: [email] },
      { to: ['seller@widgets.example.com'], subject: expect.stringMatching(/^TEST/) },
    ]);
  });

  test('of an unknown product or provider are refused', async () => {
    const order = { provider: 'stripe', product: 'widgetpro-mac', name: 'Zoë', email: 'zoe@example.com' };
    expect(await post('/local/simulate', { ...order, product: 'constructor' })).toMatchObject({
      status: 400,
    });
    expect(await post('/local/simulate', { ...order, provider: 'toString' })).toMatchObject({ status: 400 });
  });
});

describe('the fake API of Stripe', () => {
  const session = `cs_test_${createHmac('sha256', 'x').digest('hex')}`;
  const stripe = async (path: string, authorization = 'Bearer rk_test_example') => {
    const answer = await ask(`/local/stripe/v1/checkout/sessions/${path}`, { headers: { authorization } });
    return [answer.status, await answer.json()];
  };

  test('returns each session and its line item', async () => {
    expect(await stripe(`${session}/line_items?limit=100`)).toEqual([
      200,
      expect.objectContaining({
        object: 'list',
        has_more: false,
        data: [
          expect.objectContaining({
            quantity: 1,
            price: expect.objectContaining({ product: 'prod_WidgetProMac' }),
          }),
        ],
      }),
    ]);
    expect(await stripe(session)).toEqual([
      200,
      expect.objectContaining({ id: session, payment_status: 'paid' }),
    ]);
  });

  test('refuses like Stripe', async () => {
    const error = { error: expect.objectContaining({ type: 'invalid_request_error' }) };
    expect(await stripe(session, '')).toEqual([401, error]);
    expect(await stripe('pi_1')).toEqual([404, error]);
  });
});

test('the page loads nothing from other hosts', async () => {
  const answer = await ask('/');
  expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
  expect(await answer.text()).not.toMatch(/(?:src|href)="(?!\/|data:)/);
  expect((await ask('/nowhere')).status).toBe(404);
  expect((await ask('/local/redeliver?ahead=soon', { method: 'POST' })).status).toBe(400);
});
