/** `mails replay` records the events that the queue keeps. The real SDK clients call a fake queue and the local table. */
import { createHash } from 'node:crypto';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { serial } from '../fixtures/catalogue.ts';
import { startKeypost } from '../local/running.ts';
import { startServer } from '../local/server.ts';

/** By receipt handle, the messages of the queue. */
const queue = new Map<string, string>();
let hidden: string[] = [];
let keypost: Awaited<ReturnType<typeof startKeypost>>;
let fake: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  keypost = await startKeypost({
    products: { one: { name: 'One', serial, skus: { shop: ['one'] } } },
    productKeys: { one: [{ version: 1, key: 'Sixteen-byte-key' }] },
  });
  fake = await startServer(async (request, response) => {
    const target = String(request.headers['x-amz-target']);
    if (target === 'AmazonSQS.DeleteMessage')
      queue.delete(z.object({ ReceiptHandle: z.string() }).parse(await json(request)).ReceiptHandle);
    if (!target.startsWith('AmazonSQS.')) return response.end(stack());
    const seen =
      target === 'AmazonSQS.ReceiveMessage' ? [...queue].filter(([id]) => !hidden.includes(id)) : [];
    hidden = [...hidden, ...seen.map(([id]) => id)];
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const Messages = seen.map(([id, Body]) => ({
      ReceiptHandle: id,
      MessageId: id,
      Body,
      MD5OfBody: md5(Body),
    }));
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    return response.end(JSON.stringify({ Messages }));
  });
  for (const [name, value] of Object.entries({
    ...{
      AWS_ENDPOINT_URL_DYNAMODB: keypost.aws(),
      AWS_ENDPOINT_URL_CLOUDFORMATION: fake.url,
      AWS_ENDPOINT_URL_SQS: fake.url,
    },
    ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  }))
    vi.stubEnv(name, value);
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await fake.stop();
  await keypost.stop();
});

function stack(): string {
  const outputs = {
    ...{
      OrdersTable: 'keypost-orders',
      ProductKeysSecret: 'p',
      ProviderKeysSecret: 'q',
      ConfigurationSet: 'c',
    },
    MailEventsLost: `${fake.url}/1/lost`,
  };
  const members = Object.entries(outputs).map(
    ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
}

async function replay(...options: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(['mails', 'replay', ...options], {
    env: {},
    print: (line) => void out.push(line),
    complain: (line) => void err.push(line),
    readSecret: async () => '',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a lost bounce is recorded once, and a message that is no event stays in the queue', async () => {
  for (const id of ['1', '2'])
    await keypost.deliver({
      type: 'order.paid',
      data: {
        id,
        buyer: { name: 'Zoë', email: `zoe${id}@example.com` },
        items: [{ sku: 'one', quantity: 1 }],
      },
    });
  const Message = (id: string) => {
    const tags = { send: ['1'], order: [Buffer.from(`shop#${id}`).toString('base64url')] };
    const bounce = { bounceType: 'Permanent', bounceSubType: 'General' };
    return JSON.stringify({ eventType: 'Bounce', mail: { messageId: id, tags }, bounce });
  };
  // The forms of a destination of Lambda and of a dead-letter queue of SNS, by AWS's documentation.
  const requestPayload = { Records: [{ EventSource: 'aws:sns', Sns: { Message: Message('1') } }] };
  const requestContext = { condition: 'RetriesExhausted', approximateInvokeCount: 3 };
  queue.set('a', JSON.stringify({ version: '1.0', requestContext, requestPayload }));
  queue.set('b', JSON.stringify({ Type: 'Notification', MessageId: 'm', Message: Message('2') }));
  queue.set('c', '{"what": "is this"}');
  const { code, out, err } = await replay('--json');
  expect([code, JSON.parse(out)]).toEqual([1, { replayed: 2, failed: 1 }]);
  expect(JSON.parse(err)).toEqual({
    error: expect.stringMatching(/^1 messages stay in the queue MailEventsLost; run the command again/),
  });
  expect([...queue.keys()]).toEqual(['c']);
  expect(await keypost.local('orders')).toMatchObject(['2', '1'].map(() => ({ mail: { state: 'bounced' } })));
  queue.clear();
  expect(await replay()).toEqual({ code: 0, out: '0 replayed, 0 failed', err: '' });
});

test('on this machine it says what happens to such events', async () => {
  expect(await replay('--local')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/no dead-letter queue/),
  });
});
