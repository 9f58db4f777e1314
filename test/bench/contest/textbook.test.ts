/** The textbook's implementation does the same job as ours, and makes more calls for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callsOf } from '../own-work/one-order.ts';
import { signedOrder } from './signed-orders.ts';
import { type StubAws, startStubAws } from './stub-aws.ts';
import { serialOf } from './textbook/serial.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-textbook-'));
const CONTEXT = { getRemainingTimeInMillis: () => 10_000 };
let aws: StubAws;
let handler: (event: unknown, context: unknown) => Promise<unknown>;

beforeAll(async () => {
  aws = await startStubAws(folder);
  const account = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  // The stub has signed its certificate itself.
  Object.assign(process.env, aws.env, account, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  ({ handler } = await import('./textbook/handler.ts'));
});
afterAll(() => {
  aws.stop();
  rmSync(folder, { recursive: true });
});

test('a forged order is refused, and nothing but the secret is asked for', async () => {
  const forged = { ...signedOrder('stripe'), body: '{}' };
  expect(await handler(forged, CONTEXT)).toMatchObject({ statusCode: 400 });
  expect(aws.takeCalls()).toEqual(['GetSecretValue']);
});

test('an order takes four calls, where ours takes three', async () => {
  expect(await handler(signedOrder('stripe'), CONTEXT)).toMatchObject({ statusCode: 200 });
  expect(aws.takeCalls()).toEqual(['PutItem', 'PutItem', 'SendEmail', 'UpdateItem']);
  // It throws if there are more or fewer.
  expect(Object.keys(await callsOf('stripe'))).toEqual(['record', 'mail', 'mime', 'mark']);
});

test('its serials are ours', async () => {
  const { record } = await callsOf('stripe');
  expect(JSON.stringify(record.Item)).toContain(serialOf('1234567890123456', 'Jane Q. Sample'));
});
