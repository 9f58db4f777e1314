/** Reads secrets through the real client while Secrets Manager is slow, down or has a new version. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { cachedSecret } from '../../functions/aws/secrets.ts';
import { productKeys, providerKeys } from '../../functions/core/catalogue/keys.ts';
import { startServer } from '../local/server.ts';

let answer: string | 'down' | 'hangs';
let calls = 0;
let hang = () => {};
let server: Awaited<ReturnType<typeof startServer>>;
let client: SecretsManagerClient;
let now = 0;

beforeAll(async () => {
  server = await startServer((_request, response) => {
    calls += 1;
    if (answer === 'hangs') return hang();
    // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
    response.statusCode = answer === 'down' ? 500 : 200;
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    const error = { __type: 'InternalServiceError', message: 'down' };
    response.end(
      JSON.stringify(answer === 'down' ? error : { ARN: 'arn', Name: 'keys', SecretString: answer }),
    );
  });
  client = new SecretsManagerClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});
afterAll(() => server.stop());
beforeEach(() => {
  calls = 0;
  now = 1_000_000;
  answer = '{"shop":{"signing":["one"]}}';
});

const secret = () => cachedSecret(client, 'keys', { parse: providerKeys, cachedMs: 300_000, now: () => now });
const one = { shop: { signing: ['one'] } };
const two = { shop: { signing: ['two', 'one'] } };

test('a secret is read once in five minutes, and once for concurrent readers', async () => {
  const keys = secret();
  await Promise.all([keys.read(), keys.read(), keys.read()]);
  now += 299_999;
  expect(await keys.read()).toEqual(one);
  expect(calls).toBe(1);
  now += 2;
  await keys.read();
  expect(calls).toBe(2);
});

test('a failed first read is refused and not cached', async () => {
  const keys = secret();
  answer = 'down';
  await expect(keys.read()).rejects.toMatchObject({ code: 'keys_unavailable' });
  answer = '{"shop":{"signing":["one"]}}';
  expect(await keys.read()).toEqual(one);
});

test('an expired secret is served while Secrets Manager is down, and not read at every order', async () => {
  const keys = secret();
  await keys.read();
  answer = 'down';
  now += 300_001;
  expect(await keys.read()).toEqual(one);
  expect(await keys.read()).toEqual(one);
  expect(calls).toBe(2);
});

test('a read that gets no answer within 1.5 s times out', async () => {
  answer = 'hangs';
  const set = globalThis.setTimeout;
  const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementation((end, ms) => {
    if (ms === 1_500) hang = end;
    return set(() => undefined, 0);
  });
  await expect(secret().read()).rejects.toMatchObject({ code: 'keys_unavailable' });
  timers.mockRestore();
}, 3_000);

test('a newer version is read at once, and then not again for 30 s', async () => {
  const keys = secret();
  const used = await keys.read();
  answer = '{"shop":{"signing":["two","one"]}}';
  const [newer, same] = await Promise.all([keys.newer(used), keys.newer(used)]);
  expect([newer, same, calls]).toEqual([two, two, 2]);
  // A caller with the old version gets the new one without another call.
  expect(await keys.newer(used)).toEqual(two);
  const latest = await keys.read();
  expect(await keys.newer(latest)).toBeUndefined();
  expect(calls).toBe(2);
  now += 30_000;
  await keys.newer(latest);
  expect(calls).toBe(3);
});

test('a failed refresh throws keys_unavailable, so that no signature counts as forged', async () => {
  const keys = secret();
  const used = await keys.read();
  answer = 'down';
  await expect(keys.newer(used)).rejects.toMatchObject({ code: 'keys_unavailable' });
  now += 1_000;
  await expect(keys.newer(used)).rejects.toMatchObject({ code: 'keys_unavailable' });
  expect(calls).toBe(2);
});

test.each([
  ['', {}],
  ['not JSON', {}],
  ['[]', {}],
])('a secret with the content "%s" is refused as keys_unavailable', async (text) => {
  answer = text;
  await expect(secret().read()).rejects.toMatchObject({ code: 'keys_unavailable' });
});

test.each([
  ['ignores the random value of a new secret', { born: 'x7Kq' }, {}],
  ['trims a key', { shop: { signing: ['whsec_1\n'] } }, { shop: { signing: ['whsec_1'] } }],
  ['ignores an empty key', { shop: { signing: [' '] } }, {}],
  [
    'ignores only a malformed entry',
    { shop: 'whsec_1', stripe: { signing: ['a'] } },
    { stripe: { signing: ['a'] } },
  ],
])('the parser of provider-keys %s', (_, stored, expected) => {
  expect(providerKeys(stored)).toEqual(expected);
});

test('the parser of product-keys ignores only a malformed entry', () => {
  const good = [{ version: 1, key: '1234567890123456' }];
  expect(productKeys({ a: good, b: '1234567890123456', c: [{ version: 0, key: 'x' }] })).toEqual({ a: good });
});
