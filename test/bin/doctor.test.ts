/** `doctor` and the errors of AWS: the real SDK clients call a fake AWS over HTTP. */
import dns from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { emptyOrder } from '../../functions/core/order/settle.ts';
import { toItem } from '../../functions/core/order/stored.ts';
import { catalogueFile, seller, serial } from '../fixtures/catalogue.ts';
import { testEach } from '../fixtures/in-words.ts';
import { startServer } from '../local/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-doctor-'));
const config = join(folder, 'my.config.ts');
const mine = { ...seller, from: 'Orders@mail.widgets.example.com', alarms: 'a@widgets.example.com' };
writeFileSync(
  config,
  catalogueFile({
    seller: mine,
    providers: { shop: { testOrders: 'seller' } },
    products: { widget: { name: 'Widget', serial, skus: { shop: ['w'] } } },
  }),
);

type Answer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
type Reply = string | Answer | ((body: string, headers: IncomingMessage['headers']) => string | Answer);

const xml = (name: string, result: string) =>
  `<${name}Response><${name}Result>${result}</${name}Result></${name}Response>`;
const fault = (code: string, message = 'no', status = 400) => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});
const jsonFault = (type: string, status = 400): Reply => ({
  status,
  body: JSON.stringify({ __type: type, message: 'no' }),
});
const attributes = (kind: string, name: string, value: string) =>
  xml(
    `GetIdentity${kind}Attributes`,
    `<${kind}Attributes><entry><key>${name}</key><value>${value}</value></entry></${kind}Attributes>`,
  );
const dkim = (enabled: boolean, status: string) =>
  attributes(
    'Dkim',
    'widgets.example.com',
    `<DkimEnabled>${enabled}</DkimEnabled><DkimVerificationStatus>${status}</DkimVerificationStatus><DkimTokens><member>abc</member></DkimTokens>`,
  );
const verification = (status: string) =>
  attributes('Verification', 'widgets.example.com', `<VerificationStatus>${status}</VerificationStatus>`);
const mailFrom = (status: string) =>
  attributes(
    'MailFromDomain',
    'widgets.example.com',
    `<MailFromDomain>bounce.widgets.example.com</MailFromDomain><MailFromDomainStatus>${status}</MailFromDomainStatus><BehaviorOnMXFailure>UseDefaultValue</BehaviorOnMXFailure>`,
  );
const configurationSet = (enabled: boolean, ...types: string[]) =>
  xml(
    'DescribeConfigurationSet',
    `<ConfigurationSet><Name>Mails1</Name></ConfigurationSet><EventDestinations><member><Name>e</Name><Enabled>${enabled}</Enabled>` +
      `<MatchingEventTypes>${types.map((type) => `<member>${type}</member>`).join('')}</MatchingEventTypes>` +
      `<SNSDestination><TopicARN>arn:aws:sns:us-east-1:1:events</TopicARN></SNSDestination></member></EventDestinations>`,
  );
const EVENTS = ['send', 'reject', 'bounce', 'complaint', 'delivery'];
const subscriptions = (endpoint: string, arn: string) =>
  xml(
    'ListSubscriptionsByTopic',
    `<Subscriptions><member><SubscriptionArn>${arn}</SubscriptionArn><Protocol>email</Protocol><Endpoint>${endpoint}</Endpoint></member></Subscriptions>`,
  );
/** The table's item after the webhook has recorded the test order. */
const order = (reason?: 'unknown_product') => {
  const [at, heldAt] = ['2026-11-23T03:00:00.000Z', reason && '2026-11-23T03:00:00.000Z'];
  const line = { id: 1, sku: 'w', quantity: 1, via: 'mail', product: 'widget' } as const;
  const issued = { n: 1, licensee: 'Keypost Doctor', serial: 'AB12', keyVersion: 0 };
  const item = toItem({
    ...{ ...emptyOrder('shop#test#1', 'shop', true, 0), version: 2, paidAt: at, heldAt },
    lines: [
      reason ? { ...line, state: 'held', reason } : { ...line, state: 'issued', issued, superseded: [] },
    ],
    sends: reason
      ? []
      : [
          {
            ...{ n: 1, to: 'seller', about: 'serials', carries: [{ line: 1, issue: 1 }], tries: 1 },
            ...{ state: 'accepted', at, delivery: 'none' },
          },
        ],
  });
  return JSON.stringify({ Item: marshall(item) });
};
/** Verifies the signature as the deployed webhook does, with the library of the specification. */
const shopWebhook: Reply = (body, headers) => {
  const id = String(headers['webhook-id']);
  const at = String(headers['webhook-timestamp']);
  new Webhook(SIGNING).verify(body, {
    'webhook-id': id,
    'webhook-timestamp': at,
    'webhook-signature': String(headers['webhook-signature']),
  });
  return '';
};
const quota = (most: number, sent: number) =>
  xml('GetSendQuota', `<Max24HourSend>${most}</Max24HourSend><SentLast24Hours>${sent}</SentLast24Hours>`);
const enabled = (value: boolean) => xml('GetAccountSendingEnabled', `<Enabled>${value}</Enabled>`);
const table = (status: string, indexes: Record<string, string>) =>
  JSON.stringify({
    Table: {
      TableStatus: status,
      GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, IndexStatus]) => ({
        IndexName,
        IndexStatus,
      })),
    },
  });
const concurrency = (ConcurrentExecutions: number) =>
  JSON.stringify({ AccountLimit: { ConcurrentExecutions } });
const alarmsOn = (...topics: string[]) =>
  JSON.stringify({
    MetricAlarms: topics.map((topic) => ({
      AlarmActions: [topic],
      AlarmDescription: `A mail waits. What to do: docs/runbook.md#mails-wait`,
    })),
  });
const INDEXES = { due: 'ACTIVE', held: 'ACTIVE', byDay: 'ACTIVE', byEmail: 'ACTIVE' };
const secret = (value: unknown) => JSON.stringify({ SecretString: JSON.stringify(value) });
const NAMES = {
  OrdersTable: 'Keypost-Orders1',
  ProductKeysSecret: 'ProductKeys1',
  ProviderKeysSecret: 'ProviderKeys1',
  ConfigurationSet: 'Mails1',
  RedeliverFunction: 'Keypost-Redeliver1',
  MailEventsFunction: 'Keypost-MailEvents1',
  ReconcileFunction: 'Keypost-Reconcile1',
  AlarmTopic: 'arn:aws:sns:us-east-1:1:alarms',
};
const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const functionAt = (name: string) => `GET /2015-03-31/functions/${name}/configuration`;
const stack = (outputs: Record<string, string>) =>
  xml(
    'DescribeStacks',
    `<Stacks><member><Outputs>${Object.entries(outputs)
      .map(
        ([name, value]) =>
          `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      )
      .join('')}</Outputs></member></Stacks>`,
  );

const identities = 'Orders@mail.widgets.example.com mail.widgets.example.com widgets.example.com example.com';

/** The replies of AWS to each operation if there are no faults. */
const healthy = (url: string): Record<string, Reply> => ({
  'DescribeStacks Keypost': stack({ ...NAMES, WebhookShop: `${url}/orders/shop` }),
  'GetIdentityVerificationAttributes Orders@mail.widgets.example.com mail.widgets.example.com widgets.example.com example.com':
    verification('Success'),
  'GetIdentityDkimAttributes Orders@mail.widgets.example.com mail.widgets.example.com widgets.example.com example.com':
    dkim(true, 'Success'),
  'GET /v2/email/account': '{"ProductionAccessEnabled":true}',
  GetAccountSendingEnabled: enabled(true),
  GetSendQuota: quota(1000, 899),
  [`GetIdentityMailFromDomainAttributes ${identities}`]: mailFrom('Success'),
  'DescribeConfigurationSet Mails1 eventDestinations': configurationSet(true, ...EVENTS),
  'GetSecretValue ProductKeys1': secret({ _unused: '9', widget: [{ version: 1, key: 'Sixteen-byte-key' }] }),
  'GetSecretValue ProviderKeys1': secret({ _unused: '9', shop: { signing: [SIGNING] } }),
  'DescribeTable Keypost-Orders1': table('ACTIVE', INDEXES),
  ...Object.fromEntries(
    ['Keypost-Redeliver1', 'Keypost-MailEvents1', 'Keypost-Reconcile1'].map((name) => [
      functionAt(name),
      '{"State":"Active","LastUpdateStatus":"Successful"}',
    ]),
  ),
  'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': subscriptions(
    'A@widgets.example.com',
    'arn:aws:sns:us-east-1:1:alarms:1',
  ),
  'DescribeAlarms ': '{"MetricAlarms":[]}',
  'GET /2016-08-19/account-settings': concurrency(1000),
  'POST /orders/shop': shopWebhook,
  'GetItem Keypost-Orders1': order(),
  'GET /orders/shop': { status: 405, body: 'method_not_allowed' },
});

const Subject = z.object({ TableName: z.optional(z.string()), SecretId: z.optional(z.string()) });

/** Returns the action and its subject, or the method and path. */
function operationOf({ method, url, headers }: IncomingMessage, body: string): string {
  const target = String(headers['x-amz-target'] ?? '').split('.')[1];
  if (url?.startsWith('/orders/')) return `${method} ${url}`;
  if (target) return `${target} ${Object.values(Subject.parse(JSON.parse(body))).join(' ')}`;
  if (method === 'GET') return `GET ${url}`;
  const { Action = '', Version: _, ...subject } = Object.fromEntries(new URLSearchParams(body));
  return [Action, ...Object.values(subject)].join(' ');
}

let server: Awaited<ReturnType<typeof startServer>>;
let answers: Record<string, Reply>;
beforeAll(async () => {
  server = await startServer(async (request, response) => {
    const body = await text(request);
    const reply = answers[operationOf(request, body)] ?? { status: 418, body: 'unexpected operation' };
    const answer = typeof reply === 'function' ? reply(body, request.headers) : reply;
    const {
      status,
      body: answerBody,
      headers,
    } = typeof answer === 'string' ? { status: 200, body: answer } : answer;
    response.writeHead(status, headers).end(answerBody);
  });
  vi.stubEnv('AWS_ENDPOINT_URL', server.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
let txt: Record<string, string[][]>;
beforeEach(() => {
  answers = healthy(server.url);
  txt = { '_dmarc.widgets.example.com': [['v=DMARC1; ', 'p=none']] };
  vi.spyOn(dns, 'resolveTxt').mockImplementation(async (name) => {
    const found = txt[name];
    if (found) return found;
    throw Object.assign(new Error(name), { code: name.includes('broken') ? 'ESERVFAIL' : 'ENOTFOUND' });
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const Findings = z.array(
  z.object({ check: z.string(), state: z.enum(['ok', 'bad', 'unknown']), cure: z.nullable(z.string()) }),
);
const dateIn = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();

const keypost = (...args: string[]) => keypostWith(config, ...args);
async function keypostWith(file: string, ...args: string[]) {
  let out = '';
  let err = '';
  const code = await run(args, {
    env: { KEYPOST_CONFIG: file, AWS_PORT: new URL(server.url).port },
    print: (line) => {
      out += line;
    },
    complain: (line) => {
      err += line;
    },
    readSecret: async () => 'whsec_AnotherExample2',
  });
  expect(out + err).not.toMatch(/Sixteen|whsec/);
  return { code, out, err };
}

test('a deployment without faults passes every check', async () => {
  const { code, out, err } = await keypost('doctor', '--json');
  const findings = Findings.parse(JSON.parse(out));
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual([
    'stack',
    'identity',
    'dkim',
    'mail-from',
    'sandbox',
    'sending',
    'quota',
    'configuration-set',
    'product-key widget',
    'provider-key shop',
    'table',
    'webhook shop',
    'clock',
    'redeliver',
    'mail-events',
    'reconcile',
    'alarms',
    'active-alarms',
    'concurrency',
    'dmarc',
    'test-order',
  ]);
  expect([code, err]).toEqual([0, '']);
});

describe('with a mail store and a program', () => {
  const file = join(folder, 'mails.config.ts');
  const vectors = [
    { name: 'Joe', serial: 'M-3-OK' },
    { name: 'Jane', serial: 'M-4-OK' },
  ];
  const moody = resolve('test/fixtures/generators/moody.wasm');
  writeFileSync(
    file,
    catalogueFile({
      seller: mine,
      providers: { shop: {}, kagi: { mail: { to: 'Kagi@in.example.com', from: ['kagi.com'] } } },
      products: {
        widget: { name: 'Widget', serial, skus: { shop: ['w'] } },
        moody: {
          name: 'Moody',
          serial: { kind: 'program', file: moody, vectors },
          skus: { kagi: ['Moody'] },
        },
      },
    }),
  );
  const HOST = 'inbound-smtp.us-east-1.amazonaws.com';
  const ruleSet = (name: string, to: string, scan = true) =>
    xml(
      'DescribeActiveReceiptRuleSet',
      `<Metadata><Name>${name}</Name></Metadata><Rules><member><Name>r</Name><Enabled>true</Enabled><ScanEnabled>${scan}</ScanEnabled>` +
        `<Recipients><member>${to}</member></Recipients><Actions><member><S3Action><BucketName>b</BucketName></S3Action></member></Actions></member></Rules>`,
    );
  const OURS = 'Keypost-Rules1';
  const good = { hosts: [HOST], mx: [HOST], rules: ruleSet(OURS, 'kagi@in.example.com'), lambda: 'Active' };

  test.each<[string, Partial<typeof good>, RegExp | undefined]>([
    ['is well', {}, undefined],
    [
      'is well with the rule in the rule set of another',
      { rules: ruleSet('theirs', 'kagi@in.example.com') },
      undefined,
    ],
    [
      'reports a region that does not receive',
      { hosts: [] },
      /^order-mails kagi: SES receives no mail in this region/,
    ],
    [
      'reports a missing MX record',
      { mx: [] },
      /^order-mails kagi: in\.example\.com has 0 MX .*`in\.example\.com MX 10 inbound-smtp/,
    ],
    [
      'reports a second MX record',
      { mx: [HOST, 'mx.example.com'] },
      /^order-mails kagi: in\.example\.com has 2 MX/,
    ],
    [
      'reports the MX record of another',
      { mx: ['mx.example.com'] },
      /^order-mails kagi: in\.example\.com has 1 MX records; its only one must be/,
    ],
    [
      'reports that no rule set is active',
      { rules: xml('DescribeActiveReceiptRuleSet', '') },
      /activate .*set-active-receipt-rule-set --rule-set-name Keypost-Rules1/,
    ],
    [
      'reports a rule set without the rule',
      { rules: ruleSet(OURS, 'other@in.example.com') },
      /has no rule for kagi@in\.example\.com; run `npx cdk deploy`/,
    ],
    [
      'reports a rule that does not scan',
      { rules: ruleSet(OURS, 'kagi@in.example.com', false) },
      /has no rule/,
    ],
    [
      'leaves the rule set of another active',
      { rules: ruleSet('theirs', 'x@example.com') },
      /theirs, which is not of the stack; leave it active, and add/,
    ],
    [
      'reports a failed Lambda',
      { lambda: 'Failed' },
      /^order-mail: the Lambda Keypost-OrderMail1 does not run[^;]*; run `npx cdk deploy`\ngenerate: the Lambda Keypost-Generate1/,
    ],
  ])('%s', async (_, change, cure) => {
    const { hosts, mx, rules, lambda } = { ...good, ...change };
    const absent = Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    vi.spyOn(dns, 'lookup').mockImplementation(async (host) => {
      if (hosts.includes(host)) return { address: '192.0.2.1', family: 4 };
      throw absent;
    });
    vi.spyOn(dns, 'resolveMx').mockImplementation(async () => {
      if (mx.length > 0) return mx.map((exchange) => ({ exchange, priority: 10 }));
      throw absent;
    });
    const own = {
      OrderMailsRuleSet: OURS,
      OrderMailFunction: 'Keypost-OrderMail1',
      GenerateFunction: 'Keypost-Generate1',
    };
    const state = JSON.stringify({ State: lambda, LastUpdateStatus: 'Successful' });
    Object.assign(answers, {
      'DescribeStacks Keypost': stack({ ...NAMES, ...own, WebhookShop: `${server.url}/orders/shop` }),
      DescribeActiveReceiptRuleSet: rules,
      [functionAt('Keypost-OrderMail1')]: state,
      [functionAt('Keypost-Generate1')]: state,
    });
    const { code, out } = await keypostWith(file, 'doctor', '--json');
    const bad = Findings.parse(JSON.parse(out)).filter(({ state: found }) => found !== 'ok');
    expect(code).toBe(cure ? 1 : 0);
    if (cure) expect(bad.map(({ check, cure: text }) => `${check}: ${text}`).join('\n')).toMatch(cure);
    else expect(bad).toEqual([]);
  });
});

test('a quota of -1 means no limit', async () => {
  answers.GetSendQuota = quota(-1, 5000);
  expect((await keypost('doctor')).code).toBe(0);
});

test.each<[broken: string, change: Record<string, Reply>, findings: string[], cure: RegExp]>([
  [
    'reports an identity that is not verified yet',
    { [`GetIdentityVerificationAttributes ${identities}`]: verification('Pending') },
    ['identity bad'],
    /DNS records/,
  ],
  [
    'reports an identity that SES does not know',
    {
      [`GetIdentityVerificationAttributes ${identities}`]: xml(
        'GetIdentityVerificationAttributes',
        '<VerificationAttributes/>',
      ),
    },
    ['identity bad'],
    /SES does not know .*cdk deploy/,
  ],
  [
    'reports DKIM records that are not verified yet',
    { [`GetIdentityDkimAttributes ${identities}`]: dkim(true, 'Pending') },
    ['dkim bad'],
    /put these records into DNS.*: abc\._domainkey\.widgets\.example\.com CNAME abc\.dkim\.amazonses\.com$/,
  ],
  [
    'reports DKIM that is switched off',
    { [`GetIdentityDkimAttributes ${identities}`]: dkim(false, 'Success') },
    ['dkim bad'],
    /not signed/,
  ],
  [
    'reports an account in the sandbox',
    { 'GET /v2/email/account': '{"ProductionAccessEnabled":false}' },
    ['sandbox bad'],
    /production access/,
  ],
  [
    'reports an account whose sending is paused',
    { GetAccountSendingEnabled: enabled(false) },
    ['sending bad'],
    /paused/,
  ],
  [
    'reports a quota that is nearly used up',
    { GetSendQuota: quota(1000, 900) },
    ['quota bad'],
    /900 of 1000/,
  ],
  ['reports a quota of zero', { GetSendQuota: quota(0, 0) }, ['quota bad'], /0 of 0/],
  [
    'reports a configuration set that was deleted',
    { 'DescribeConfigurationSet Mails1 eventDestinations': fault('ConfigurationSetDoesNotExist') },
    ['configuration-set bad'],
    /Mails1/,
  ],
  [
    'reports a configuration set whose event destination is disabled',
    { 'DescribeConfigurationSet Mails1 eventDestinations': configurationSet(false, ...EVENTS) },
    ['configuration-set bad'],
    /does not report send, .*cdk deploy/,
  ],
  [
    'reports a configuration set that does not publish bounces',
    {
      'DescribeConfigurationSet Mails1 eventDestinations': configurationSet(
        true,
        'send',
        'delivery',
        'reject',
        'complaint',
      ),
    },
    ['configuration-set bad'],
    /does not report bounce;/,
  ],
  [
    'reports a MAIL FROM domain without its MX record',
    { [`GetIdentityMailFromDomainAttributes ${identities}`]: mailFrom('Failed') },
    ['mail-from bad'],
    /bounce\.widgets\.example\.com \(Failed\).*MailFromMx/,
  ],
  [
    'reports a missing MAIL FROM domain',
    {
      [`GetIdentityMailFromDomainAttributes ${identities}`]: xml(
        'GetIdentityMailFromDomainAttributes',
        '<MailFromDomainAttributes/>',
      ),
    },
    ['mail-from bad'],
    /create a MAIL FROM domain with .npx cdk deploy/,
  ],
  [
    'reports an alarm subscription that is not confirmed',
    {
      'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': subscriptions(
        'a@widgets.example.com',
        'PendingConfirmation',
      ),
    },
    ['alarms bad'],
    /has not confirmed.*aws sns subscribe --topic-arn arn:aws:sns:us-east-1:1:alarms/,
  ],
  [
    'reports alarms that go to another address only',
    {
      'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': subscriptions(
        'b@widgets.example.com',
        'arn:aws:sns:us-east-1:1:alarms:1',
      ),
    },
    ['alarms bad'],
    /are not sent to a@widgets\.example\.com/,
  ],
  [
    'reports an alarm topic that was deleted',
    { 'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': fault('NotFound', 'no', 404) },
    ['alarms bad'],
    /topic of the alarms does not exist; delete the alarms/,
  ],
  [
    'reports the alarms of this stack that are on, and not those of others',
    { 'DescribeAlarms ': alarmsOn('arn:aws:sns:us-east-1:1:other', 'arn:aws:sns:us-east-1:1:alarms') },
    ['active-alarms bad'],
    /^these alarms are on: A mail waits\. What to do: docs\/runbook\.md#mails-wait$/,
  ],
  [
    'reports an account that may run ten Lambdas at once',
    { 'GET /2016-08-19/account-settings': concurrency(10) },
    ['concurrency bad'],
    /may run 10 Lambdas at once.*Service Quotas/,
  ],
  [
    'reports a clock that is slow',
    { 'GET /orders/shop': { status: 405, body: '', headers: { date: dateIn(600) } } },
    ['clock bad'],
    /clock of this machine is \d+ s behind that of AWS/,
  ],
  [
    'reports a clock that is fast',
    { 'GET /orders/shop': { status: 405, body: '', headers: { date: dateIn(-600) } } },
    ['clock bad'],
    /clock of this machine is \d+ s ahead of that of AWS/,
  ],
  [
    'reports a webhook that rejects the test order',
    { 'POST /orders/shop': { status: 401, body: 'bad_signature' } },
    ['test-order bad'],
    /rejects a test order signed with the newest key of shop/,
  ],
  [
    'a test order that fails',
    { 'POST /orders/shop': { status: 503, body: '' } },
    ['test-order bad'],
    /answers 503/,
  ],
  [
    'reports a test order that is not stored',
    { 'GetItem Keypost-Orders1': '{}' },
    ['test-order bad'],
    /other testOrders.*cdk deploy/,
  ],
  [
    'reports a test order that is held',
    { 'GetItem Keypost-Orders1': order('unknown_product') },
    ['test-order bad'],
    /held \(unknown_product\); `npm run keypost -- orders held`/,
  ],
  [
    'reports a Lambda mail-events that was deleted',
    { [functionAt('Keypost-MailEvents1')]: jsonFault('ResourceNotFoundException', 404) },
    ['mail-events bad'],
    /does not exist; /,
  ],
  [
    'reports a Lambda reconcile that was deleted',
    { [functionAt('Keypost-Reconcile1')]: jsonFault('ResourceNotFoundException', 404) },
    ['reconcile bad'],
    /does not exist; /,
  ],
  [
    'reports a product without a key',
    { 'GetSecretValue ProductKeys1': secret({ _unused: '9' }) },
    ['product-key widget bad'],
    /`npm run keypost -- keys set widget`/,
  ],
  [
    'reports a newest product key that is too short',
    {
      'GetSecretValue ProductKeys1': secret({
        widget: [
          { version: 2, key: 'Sixteen' },
          { version: 1, key: 'Sixteen-byte-key' },
        ],
      }),
    },
    ['product-key widget bad'],
    /version 2 is not 16 ASCII characters/,
  ],
  [
    'reports a provider without a signing key',
    { 'GetSecretValue ProviderKeys1': secret({ _unused: '9' }) },
    ['provider-key shop bad'],
    /`npm run keypost -- keys set shop`/,
  ],
  [
    'warns about a short signing key, which still works',
    { 'GetSecretValue ProviderKeys1': secret({ shop: { signing: [SIGNING, 'secret'] } }) },
    ['provider-key shop bad'],
    /fewer than 8 characters/,
  ],
  [
    'reports a malformed entry of a provider',
    { 'GetSecretValue ProviderKeys1': secret({ shop: 'whsec_1' }) },
    ['provider-key shop bad'],
    /not of the form/,
  ],
  [
    'cannot decide about a secret that is not JSON',
    { 'GetSecretValue ProviderKeys1': '{"SecretString":"whsec_1"}' },
    ['provider-key shop unknown'],
    /no JSON object/,
  ],
  [
    'reports a secret that was deleted',
    { 'GetSecretValue ProductKeys1': jsonFault('ResourceNotFoundException') },
    ['product-key widget bad'],
    /restore-secret/,
  ],
  [
    'reports a table that was deleted',
    {
      'DescribeTable Keypost-Orders1': jsonFault(
        'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      ),
    },
    ['table bad'],
    /does not exist; /,
  ],
  [
    'reports a table that is being created',
    { 'DescribeTable Keypost-Orders1': table('CREATING', INDEXES) },
    ['table bad'],
    /CREATING/,
  ],
  [
    'reports an index that is not active',
    { 'DescribeTable Keypost-Orders1': table('ACTIVE', { ...INDEXES, held: 'CREATING' }) },
    ['table bad'],
    /no active index held/,
  ],
  [
    'reports a Lambda redeliver that was deleted',
    {
      'GET /2015-03-31/functions/Keypost-Redeliver1/configuration': jsonFault(
        'ResourceNotFoundException',
        404,
      ),
    },
    ['redeliver bad'],
    /does not exist; /,
  ],
  [
    'reports a Lambda that does not run',
    {
      'GET /2015-03-31/functions/Keypost-Redeliver1/configuration':
        '{"State":"Failed","StateReason":"its image"}',
    },
    ['redeliver bad'],
    /its image/,
  ],
  [
    'reports a webhook that is not deployed',
    { 'DescribeStacks Keypost': stack(NAMES) },
    ['webhook shop bad', 'clock unknown'],
    /cdk deploy/,
  ],
  [
    'reports a webhook that does not answer',
    { 'DescribeStacks Keypost': stack({ ...NAMES, WebhookShop: 'http://127.0.0.1:1/orders/shop' }) },
    ['webhook shop bad', 'clock unknown'],
    /shop does not answer/,
  ],
  [
    'reports a webhook that answers 404',
    { 'GET /orders/shop': { status: 404, body: '' } },
    ['webhook shop bad'],
    /does not know shop/,
  ],
  [
    'reports a webhook that answers 500',
    { 'GET /orders/shop': { status: 500, body: '' } },
    ['webhook shop bad'],
    /answers 500/,
  ],
  [
    'cannot decide without permission',
    {
      GetSendQuota: fault(
        'AccessDenied',
        'User: arn:aws:iam::1:user/x is not authorized to perform: ses:GetSendQuota because',
        403,
      ),
    },
    ['quota unknown'],
    /not allowed to ses:GetSendQuota/,
  ],
  [
    'cannot decide with an expired token',
    { GetSendQuota: fault('ExpiredToken', 'expired', 403) },
    ['quota unknown'],
    /expired; sign in again/,
  ],
  [
    'cannot decide while AWS is unavailable',
    { GetSendQuota: fault('ServiceUnavailable', 'later', 503) },
    ['quota unknown'],
    /ServiceUnavailable/,
  ],
])('%s', async (_, change, expected, cure) => {
  answers = { ...answers, ...change };
  const { code, out, err } = await keypost('doctor', '--json');
  const wrong = Findings.parse(JSON.parse(out)).filter(({ state }) => state !== 'ok');
  expect(wrong.map(({ check, state }) => `${check} ${state}`)).toEqual(expected);
  expect(wrong[0]?.cure).toMatch(cure);
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(new RegExp(`^{"error":"${expected.length} of 2[01] are not ok"}$`)),
  ]);
});

test('after a success, doctor asks for protection against deletion until the catalogue has it', async () => {
  const safe = join(folder, 'safe.config.ts');
  writeFileSync(
    safe,
    readFileSync(config, 'utf8').replace('defineConfig({', 'defineConfig({ protect: true,'),
  );
  expect((await keypost('doctor')).out).toContain('Write protect: true into the catalogue');
  expect((await keypostWith(safe, 'doctor')).out).not.toContain('protect');
});

describe('doctor --before-deploy', () => {
  const noStack = fault('ValidationError', 'Stack with id Keypost does not exist');
  const known = `GetIdentityVerificationAttributes ${identities}`;
  const statuses = (...entries: [string, string][]) =>
    xml(
      'GetIdentityVerificationAttributes',
      `<VerificationAttributes>${entries.map(([name, status]) => `<entry><key>${name}</key><value><VerificationStatus>${status}</VerificationStatus></value></entry>`).join('')}</VerificationAttributes>`,
    );
  const dmarcOf = (domain: string) =>
    stack({
      ...NAMES,
      Dmarc: `_dmarc.${domain} TXT "v=DMARC1; p=none"`,
      WebhookShop: `${server.url}/orders/shop`,
    });
  const DOMAIN = 'mail.widgets.example.com';

  test.each<[string, string, Record<string, () => Reply>, string[], RegExp]>([
    [
      'passes a first deployment of a new domain',
      'records',
      { 'DescribeStacks Keypost': () => noStack, [known]: () => statuses() },
      [],
      /^$/,
    ],
    [
      'reports a domain that SES knows',
      'records',
      { 'DescribeStacks Keypost': () => noStack, [known]: () => statuses([DOMAIN, 'Pending']) },
      ['identity'],
      /knows mail\.widgets\.example\.com already.*identity: 'existing'/,
    ],
    [
      'passes a domain that the stack itself has created',
      'records',
      { 'DescribeStacks Keypost': () => dmarcOf(DOMAIN), [known]: () => statuses([DOMAIN, 'Pending']) },
      [],
      /^$/,
    ],
    [
      'reports an existing identity that SES does not know',
      'existing',
      { 'DescribeStacks Keypost': () => noStack, [known]: () => statuses() },
      ['identity'],
      /not verified Orders@.*identity: 'records'/,
    ],
    [
      'passes an existing identity',
      'existing',
      {
        'DescribeStacks Keypost': () => noStack,
        [known]: () => statuses(['widgets.example.com', 'Success']),
      },
      [],
      /^$/,
    ],
    [
      'reports a changed domain that is not verified',
      'existing',
      {
        'DescribeStacks Keypost': () => dmarcOf('old.example.com'),
        [known]: () => statuses([DOMAIN, 'Pending']),
      },
      ['identity'],
      /all mail would stop; verify it first/,
    ],
    [
      'passes a changed domain that is verified',
      'existing',
      {
        'DescribeStacks Keypost': () => dmarcOf('old.example.com'),
        [known]: () => statuses([DOMAIN, 'Success']),
      },
      [],
      /^$/,
    ],
    [
      'reports the sandbox and the concurrency of a new account',
      'records',
      {
        'DescribeStacks Keypost': () => noStack,
        [known]: () => statuses(),
        'GET /v2/email/account': () => '{}',
        'GET /2016-08-19/account-settings': () => concurrency(10),
      },
      ['sandbox', 'concurrency'],
      /docs\/go-live\.md/,
    ],
  ])('%s', async (_, identity, change, expected, cure) => {
    const file = join(folder, `${identity}.config.ts`);
    writeFileSync(
      file,
      readFileSync(config, 'utf8').replace('"alarms"', `"identity":"${identity}","alarms"`),
    );
    answers['Query Keypost-Orders1'] = '{"Items":[]}';
    for (const [name, reply] of Object.entries(change)) answers[name] = reply();
    const { code, out } = await keypostWith(file, 'doctor', '--before-deploy', '--json');
    const wrong = Findings.parse(JSON.parse(out)).filter(({ state }) => state !== 'ok');
    expect(wrong.map(({ check }) => check)).toEqual(expected);
    expect(wrong[0]?.cure ?? '').toMatch(cure);
    expect(code).toBe(expected.length > 0 ? 1 : 0);
  });

  test('says that a provider names no buyer, and judges past orders by the new catalogue', async () => {
    answers['DescribeStacks Keypost'] = noStack;
    const file = join(folder, 'strict.config.ts');
    const products = {
      widget: { name: 'Widget', serial, skus: { shop: ['w'], paddle: ['pro_1'] }, floor: { EUR: '10.00' } },
    };
    writeFileSync(file, catalogueFile({ seller: mine, providers: { shop: {}, paddle: {} }, products }));
    const rows = [
      ...Array.from({ length: 95 }, (_, n) => `shop,${n},w,Zoë Example,zoe@example.com,39.00,EUR`),
      ...['GBP', 'GBP', 'USD'].map(
        (currency, n) => `paddle,${n},pro_1,Zoë Example,zoe@example.com,39.00,${currency}`,
      ),
      'shop,96,other,Zoë Example,zoe@example.com,39.00,EUR',
      'shop,97,w,,zoe@example.com,39.00,EUR',
    ];
    const past = join(folder, 'past.csv');
    writeFileSync(past, ['provider,order,sku,name,email,amount,currency', ...rows].join('\n'));
    const { out } = await keypostWith(file, 'doctor', '--before-deploy', '--orders', past, '--json');
    const wrong = Findings.parse(JSON.parse(out)).filter(({ state }) => state !== 'ok');
    expect(wrong.map(({ check, cure }) => [check, cure])).toEqual([
      [
        'buyers paddle',
        expect.stringMatching(/^notifications of paddle name no buyer.*keys set paddle --api-key/),
      ],
      [
        'orders',
        'of 100 orders 5 would be held: 3 price_unknown (GBP 2, USD 1), 1 unknown_product (other 1), 1 no_name; docs/runbook.md explains each reason',
      ],
    ]);
    writeFileSync(
      past,
      'provider,order,sku,name,email,amount,currency\nshop,1,w,Zoë,zoe@example.com,39,EUR\nshop,2,w,Zoë,z,39 €,EUR',
    );
    const broken = await keypostWith(file, 'doctor', '--before-deploy', '--orders', past);
    expect(broken.out).toMatch(
      /unknown +orders +\S+past\.csv:3: found no valid amount; expected the columns provider,/,
    );
  });
});

describe('logs', () => {
  const event = (eventId: string, message: string) => ({ eventId, message, timestamp: 0 });
  beforeEach(() => {
    answers['DescribeStacks Keypost'] = stack({ ...NAMES, AccessLog: '/aws/vendedlogs/Keypost/api' });
    answers[functionAt('Keypost-MailEvents1')] = '{"LoggingConfig":{"LogGroup":"Keypost-MailEventsLog1"}}';
  });

  test.each([
    ['mail-events', 'Keypost-MailEventsLog1'],
    ['api', '/aws/vendedlogs/Keypost/api'],
  ])('of %s prints each line once, with nothing that steers the terminal', async (name, log) => {
    let asked: unknown;
    answers['FilterLogEvents '] = (body) => {
      asked = JSON.parse(body);
      return JSON.stringify({
        events: [event('1', 'one\n'), event('2', '\u001b[2Jtwo'), event('1', 'one\n')],
      });
    };
    const { code, out } = await keypost('logs', name, '--no-follow', '--only', 'failed');
    expect([code, out]).toEqual([0, '1970-01-01T00:00:00.000Z one1970-01-01T00:00:00.000Z \ufffd[2Jtwo']);
    expect(asked).toMatchObject({ logGroupName: log, filterPattern: '"failed"' });
  });

  test('of a Lambda that the stack does not have names the output', async () => {
    expect((await keypost('logs', 'pages', '--no-follow')).err).toContain('no output PagesFunction');
  });
});

test.each<[string, Record<string, string[][]>, string, RegExp]>([
  [
    'reports a missing DMARC record',
    {},
    'bad',
    /no DMARC record is at _dmarc\.mail\.widgets\.example\.com; put the stack's output Dmarc into DNS/,
  ],
  [
    'reports a TXT record that is not DMARC',
    { '_dmarc.widgets.example.com': [['v=spf1 -all']] },
    'bad',
    /no DMARC record/,
  ],
  [
    'reports two DMARC records',
    { '_dmarc.widgets.example.com': [['v=DMARC1; p=none'], ['v=DMARC1; p=reject']] },
    'bad',
    /has 2 DMARC records/,
  ],
])('%s', async (_, records, state, cure) => {
  txt = records;
  const { out } = await keypost('doctor', '--json');
  expect(Findings.parse(JSON.parse(out)).find(({ check }) => check === 'dmarc')).toEqual({
    check: 'dmarc',
    state,
    cure: expect.stringMatching(cure),
  });
});

test('a DNS that does not answer leaves the check undecided', async () => {
  vi.spyOn(dns, 'resolveTxt').mockRejectedValue(Object.assign(new Error('queryTxt'), { code: 'ESERVFAIL' }));
  const { out } = await keypost('doctor', '--json');
  expect(Findings.parse(JSON.parse(out)).filter(({ state }) => state !== 'ok')).toEqual([
    { check: 'dmarc', state: 'unknown', cure: expect.any(String) },
  ]);
});

test('a catalogue without test orders gets no test order, and a hint how to enable them', async () => {
  const silent = join(folder, 'silent.config.ts');
  writeFileSync(silent, readFileSync(config, 'utf8').replace('"testOrders":"seller"', ''));
  answers['POST /orders/shop'] = { status: 500, body: 'unexpected test order' };
  const { code, out } = await keypostWith(silent, 'doctor', '--json');
  expect(Findings.parse(JSON.parse(out)).map(({ check }) => check)).not.toContain('test-order');
  expect(code).toBe(0);
  expect((await keypostWith(silent, 'doctor')).out).toContain("testOrders: 'seller'");
  expect((await keypost('doctor', '--no-order')).code).toBe(0);
});

test('without a stack, the checks that need none still run', async () => {
  answers['DescribeStacks Keypost'] = fault('ValidationError', 'Stack with id Keypost does not exist');
  const { out } = await keypost('doctor', '--json');
  const findings = Findings.parse(JSON.parse(out));
  const inState = (wanted: string) =>
    findings.filter(({ state }) => state === wanted).map(({ check }) => check);
  expect(inState('bad')).toEqual(['stack']);
  const [ses, dns] = [['identity', 'dkim', 'mail-from', 'sandbox', 'sending', 'quota'], 'dmarc'];
  expect(inState('ok')).toEqual([...ses, 'concurrency', dns]);
  expect(new Set(findings.flatMap(({ cure }) => cure ?? []))).toEqual(
    new Set([expect.stringContaining('npx cdk deploy')]),
  );
});

test('the table has one line per check and does not repeat a cure', async () => {
  answers['DescribeStacks Keypost'] = fault('ValidationError', 'Stack with id Keypost does not exist');
  const { out } = await keypost('doctor');
  expect(out.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^not ok +stack +there is no stack Keypost/),
    'ok       identity',
  ]);
  expect(out).toMatch(/\nunknown +provider-key shop +see above\n/);
});

testEach([
  [
    'it does not exist',
    'keys list',
    /no stack Keypost in this account and region; run `npx cdk deploy`/,
    fault('ValidationError', 'Stack with id Keypost does not exist'),
  ],
  ['it lacks an output', 'orders held', /no output OrdersTable/, stack({ ...NAMES, OrdersTable: '' })],
  [
    'the credentials are rejected',
    'keys set shop',
    /^AWS rejects these credentials; check them with `aws sts get-caller-identity`$/,
    fault('InvalidClientTokenId', 'x', 403),
  ],
  ['the credentials have expired', 'orders release k', /have expired/, fault('ExpiredToken', 'x', 403)],
  [
    'the user may not read it',
    'keys list',
    /not allowed to cloudformation:DescribeStacks/,
    fault('AccessDenied', 'not authorized to perform: cloudformation:DescribeStacks on', 403),
  ],
])('the command $1 fails with one line about the stack if $0', async (_, args, why, reply) => {
  answers['DescribeStacks Keypost'] = reply;
  const { code, out, err } = await keypost(...args.split(' '));
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(why);
  expect(err).not.toContain('\n');
});

test('--stack selects another stack and appears in the suggested commands', async () => {
  answers['DescribeStacks Second'] = stack({
    ...NAMES,
    ProductKeysSecret: 'Other',
    WebhookShop: `${server.url}/orders/shop`,
  });
  answers['GetSecretValue Other'] = secret({});
  const { out } = await keypost('keys', 'list', '--stack', 'Second');
  expect(out).toContain('`npm run keypost -- keys set widget --stack Second`');
});

testEach<[string[], number, RegExp]>([
  [['--local'], 0, /is set/],
  [[], 1, /^ResourceNotFoundException/],
])(
  'a missing secret is created on this machine only: with the options $0 the exit code is $1',
  async (local, code, why) => {
    const gone = jsonFault('ResourceNotFoundException');
    for (const name of ['provider-keys', 'ProviderKeys1']) {
      answers[`GetSecretValue ${name}`] = gone;
      answers[`PutSecretValue ${name}`] = gone;
    }
    let created = '';
    answers['CreateSecret '] = (body) => {
      created = body;
      return '{}';
    };
    answers.GetCallerIdentity = xml('GetCallerIdentity', '<Arn>arn:aws:iam::1:user/seller</Arn>');
    for (const table of ['Keypost-Orders1', 'keypost-orders']) {
      answers[`GetItem ${table}`] = '{}';
      answers[`PutItem ${table}`] = '{}';
    }
    const result = await keypost('keys', 'set', 'shop', ...local);
    expect([result.code, result.out + result.err]).toEqual([code, expect.stringMatching(why)]);
    expect(created.includes('whsec_AnotherExample2')).toBe(code === 0);
  },
);

test('held orders are read in pages from the index, which may be stale, and never by a scan', async () => {
  const held = { heldAt: '2026-11-23T03:00:00.000Z' };
  const orders = [
    emptyOrder('shop#released', 'shop', false, 0),
    { ...emptyOrder('shop#held', 'shop', false, 0), ...held },
  ].map((one) => ({ Item: marshall(toItem({ ...one, paidAt: '2026-11-23T03:00:00.000Z' })) }));
  const entry = (key: string) => ({ key: { S: key } });
  answers['Query Keypost-Orders1'] = (body) =>
    body.includes('ExclusiveStartKey')
      ? JSON.stringify({ Items: [entry('shop#held')] })
      : JSON.stringify({
          Items: [entry('shop#released'), entry('shop#gone')],
          LastEvaluatedKey: entry('shop#gone'),
        });
  answers['BatchGetItem '] = (body) => {
    const found = orders.filter(({ Item }) => body.includes(`"${Item.key?.S}"`)).map(({ Item }) => Item);
    return JSON.stringify({ Responses: { 'Keypost-Orders1': found } });
  };
  const { code, out } = await keypost('orders', 'held', '--json');
  expect([code, JSON.parse(out)]).toEqual([0, [expect.objectContaining({ key: 'shop#held' })]]);
});
