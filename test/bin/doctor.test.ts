/** The command line, above all `doctor`, against a stand-in for AWS, over HTTP through the real SDK clients. */
import dns from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { startServer } from '../local/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-doctor-'));
const config = join(folder, 'my.config.ts');
writeFileSync(
  config,
  `import { defineConfig } from 'keypost';
  export default defineConfig({
    seller: { name: 'W', from: 'Orders@mail.widgets.example.com', replyTo: 's@widgets.example.com', alarms: 'a@widgets.example.com' },
    providers: { shop: { testOrders: 'seller' } },
    products: { widget: {
      name: 'Widget', skus: { shop: ['w'] },
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
    } },
  });`,
);

type Answer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };
type Said = string | Answer | ((body: string, headers: IncomingMessage['headers']) => string | Answer);

const xml = (name: string, result: string) =>
  `<${name}Response><${name}Result>${result}</${name}Result></${name}Response>`;
const fault = (code: string, message = 'no', status = 400) => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});
const jsonFault = (type: string, status = 400): Said => ({
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
    `<DkimEnabled>${enabled}</DkimEnabled><DkimVerificationStatus>${status}</DkimVerificationStatus>`,
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
/** What the table has of the test order, once the webhook has taken it. */
const order = (mail: object, held: string | null = null) =>
  JSON.stringify({
    Item: marshall({
      key: 'shop#test#1',
      version: 2,
      lines: [{ held }],
      mail,
      ...(held ? { heldAt: 'x' } : {}),
    }),
  });
/** As the deployed webhook: whoever signed it is told by the library of the specification. */
const shopWebhook: Said = (body, headers) => {
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

/** What AWS says where all is well, by what it is asked; of a stack that has these names. */
const well = (url: string): Record<string, Said> => ({
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
  'POST /orders/shop': shopWebhook,
  'GetItem Keypost-Orders1': order({ state: 'sent', attempts: 1 }),
  'GET /orders/shop': { status: 405, body: 'method_not_allowed' },
});

const Subject = z.object({ TableName: z.optional(z.string()), SecretId: z.optional(z.string()) });

/** What a request asks for: an action and its subject, or method and path. */
function asked({ method, url, headers }: IncomingMessage, body: string): string {
  const target = String(headers['x-amz-target'] ?? '').split('.')[1];
  if (url?.startsWith('/orders/')) return `${method} ${url}`;
  if (target) return `${target} ${Object.values(Subject.parse(JSON.parse(body))).join(' ')}`;
  if (method === 'GET') return `GET ${url}`;
  const { Action = '', Version: _, ...subject } = Object.fromEntries(new URLSearchParams(body));
  return [Action, ...Object.values(subject)].join(' ');
}

let server: Awaited<ReturnType<typeof startServer>>;
let answers: Record<string, Said>;
beforeAll(async () => {
  server = await startServer(async (request, response) => {
    const question = await text(request);
    const said = answers[asked(request, question)] ?? { status: 418, body: 'nobody should ask this' };
    const answer = typeof said === 'function' ? said(question, request.headers) : said;
    const { status, body, headers } = typeof answer === 'string' ? { status: 200, body: answer } : answer;
    response.writeHead(status, headers).end(body);
  });
  vi.stubEnv('AWS_ENDPOINT_URL', server.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
let txt: Record<string, string[][]>;
beforeEach(() => {
  answers = well(server.url);
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
    readSecret: async () => 'whsec_2',
  });
  expect(out + err).not.toMatch(/Sixteen|whsec/);
  return { code, out, err };
}

test('all is well', async () => {
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
    'dmarc',
    'test-order',
  ]);
  expect([code, err]).toEqual([0, '']);
});

test('no limit is no quota', async () => {
  answers.GetSendQuota = quota(-1, 5000);
  expect((await keypost('doctor')).code).toBe(0);
});

test.each<[broken: string, change: Record<string, Said>, findings: string[], cure: RegExp]>([
  [
    'identity pending',
    { [`GetIdentityVerificationAttributes ${identities}`]: verification('Pending') },
    ['identity bad'],
    /DNS records/,
  ],
  [
    'identity missing',
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
    'DKIM pending',
    { [`GetIdentityDkimAttributes ${identities}`]: dkim(true, 'Pending') },
    ['dkim bad'],
    /Dkim records/,
  ],
  [
    'DKIM off',
    { [`GetIdentityDkimAttributes ${identities}`]: dkim(false, 'Success') },
    ['dkim bad'],
    /not signed/,
  ],
  [
    'sandbox',
    { 'GET /v2/email/account': '{"ProductionAccessEnabled":false}' },
    ['sandbox bad'],
    /production access/,
  ],
  ['paused', { GetAccountSendingEnabled: enabled(false) }, ['sending bad'], /paused/],
  ['quota used', { GetSendQuota: quota(1000, 900) }, ['quota bad'], /900 of 1000/],
  ['no quota', { GetSendQuota: quota(0, 0) }, ['quota bad'], /0 of 0/],
  [
    'configuration set',
    { 'DescribeConfigurationSet Mails1 eventDestinations': fault('ConfigurationSetDoesNotExist') },
    ['configuration-set bad'],
    /Mails1/,
  ],
  [
    'a configuration set that tells nobody',
    { 'DescribeConfigurationSet Mails1 eventDestinations': configurationSet(false, ...EVENTS) },
    ['configuration-set bad'],
    /tells nobody of send, .*cdk deploy/,
  ],
  [
    'a configuration set that keeps bounces to itself',
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
    /tells nobody of bounce;/,
  ],
  [
    'MAIL FROM without its MX record',
    { [`GetIdentityMailFromDomainAttributes ${identities}`]: mailFrom('Failed') },
    ['mail-from bad'],
    /bounce\.widgets\.example\.com \(Failed\).*MailFromMx/,
  ],
  [
    'no MAIL FROM',
    {
      [`GetIdentityMailFromDomainAttributes ${identities}`]: xml(
        'GetIdentityMailFromDomainAttributes',
        '<MailFromDomainAttributes/>',
      ),
    },
    ['mail-from bad'],
    /cdk deploy. makes a MAIL FROM/,
  ],
  [
    'alarms not confirmed',
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
    'alarms to somebody else',
    {
      'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': subscriptions(
        'b@widgets.example.com',
        'arn:aws:sns:us-east-1:1:alarms:1',
      ),
    },
    ['alarms bad'],
    /do not go to a@widgets\.example\.com/,
  ],
  [
    'no topic',
    { 'ListSubscriptionsByTopic arn:aws:sns:us-east-1:1:alarms': fault('NotFound', 'no', 404) },
    ['alarms bad'],
    /topic of the alarms is gone/,
  ],
  [
    'a clock that is slow',
    { 'GET /orders/shop': { status: 405, body: '', headers: { date: dateIn(600) } } },
    ['clock bad'],
    /clock of this machine is \d+ s behind that of AWS/,
  ],
  [
    'a clock that is fast',
    { 'GET /orders/shop': { status: 405, body: '', headers: { date: dateIn(-600) } } },
    ['clock bad'],
    /clock of this machine is \d+ s ahead of that of AWS/,
  ],
  [
    'a test order refused',
    { 'POST /orders/shop': { status: 401, body: 'bad_signature' } },
    ['test-order bad'],
    /does not accept a test order signed with the newest key of shop/,
  ],
  [
    'a test order that fails',
    { 'POST /orders/shop': { status: 503, body: '' } },
    ['test-order bad'],
    /answers 503/,
  ],
  [
    'a test order not kept',
    { 'GetItem Keypost-Orders1': '{}' },
    ['test-order bad'],
    /other testOrders.*cdk deploy/,
  ],
  [
    'a test order held',
    { 'GetItem Keypost-Orders1': order({ state: 'none', attempts: 0 }, 'unknown_product') },
    ['test-order bad'],
    /held \(unknown_product\); `npx --no keypost orders held`/,
  ],
  [
    'mail-events gone',
    { [functionAt('Keypost-MailEvents1')]: jsonFault('ResourceNotFoundException', 404) },
    ['mail-events bad'],
    /gone/,
  ],
  [
    'reconcile gone',
    { [functionAt('Keypost-Reconcile1')]: jsonFault('ResourceNotFoundException', 404) },
    ['reconcile bad'],
    /gone/,
  ],
  [
    'no product key',
    { 'GetSecretValue ProductKeys1': secret({ _unused: '9' }) },
    ['product-key widget bad'],
    /`npx --no keypost keys set widget`/,
  ],
  [
    'a product key too short',
    {
      'GetSecretValue ProductKeys1': secret({
        widget: [
          { version: 2, key: 'Sixteen' },
          { version: 1, key: 'Sixteen-byte-key' },
        ],
      }),
    },
    ['product-key widget bad'],
    /version 2 is not 16 characters of ASCII/,
  ],
  [
    'no signing key',
    { 'GetSecretValue ProviderKeys1': secret({ _unused: '9' }) },
    ['provider-key shop bad'],
    /`npx --no keypost keys set shop`/,
  ],
  [
    'a misshapen provider',
    { 'GetSecretValue ProviderKeys1': secret({ shop: 'whsec_1' }) },
    ['provider-key shop bad'],
    /not of the form/,
  ],
  [
    'a secret that is no JSON',
    { 'GetSecretValue ProviderKeys1': '{"SecretString":"whsec_1"}' },
    ['provider-key shop unknown'],
    /no JSON object/,
  ],
  [
    'a secret gone',
    { 'GetSecretValue ProductKeys1': jsonFault('ResourceNotFoundException') },
    ['product-key widget bad'],
    /restore-secret/,
  ],
  [
    'table gone',
    {
      'DescribeTable Keypost-Orders1': jsonFault(
        'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      ),
    },
    ['table bad'],
    /gone/,
  ],
  [
    'table in the making',
    { 'DescribeTable Keypost-Orders1': table('CREATING', INDEXES) },
    ['table bad'],
    /CREATING/,
  ],
  [
    'an index missing',
    { 'DescribeTable Keypost-Orders1': table('ACTIVE', { ...INDEXES, held: 'CREATING' }) },
    ['table bad'],
    /no index held/,
  ],
  [
    'redeliver gone',
    {
      'GET /2015-03-31/functions/Keypost-Redeliver1/configuration': jsonFault(
        'ResourceNotFoundException',
        404,
      ),
    },
    ['redeliver bad'],
    /gone/,
  ],
  [
    'redeliver broken',
    {
      'GET /2015-03-31/functions/Keypost-Redeliver1/configuration':
        '{"State":"Failed","StateReason":"its image"}',
    },
    ['redeliver bad'],
    /its image/,
  ],
  [
    'a webhook not deployed',
    { 'DescribeStacks Keypost': stack(NAMES) },
    ['webhook shop bad', 'clock unknown'],
    /cdk deploy/,
  ],
  [
    'a webhook that nobody answers',
    { 'DescribeStacks Keypost': stack({ ...NAMES, WebhookShop: 'http://127.0.0.1:1/orders/shop' }) },
    ['webhook shop bad', 'clock unknown'],
    /nothing answers/,
  ],
  [
    'a webhook not enabled',
    { 'GET /orders/shop': { status: 404, body: '' } },
    ['webhook shop bad'],
    /does not know shop/,
  ],
  [
    'a webhook that fails',
    { 'GET /orders/shop': { status: 500, body: '' } },
    ['webhook shop bad'],
    /answers 500/,
  ],
  [
    'no right to ask',
    {
      GetSendQuota: fault(
        'AccessDenied',
        'User: arn:aws:iam::1:user/x is not authorized to perform: ses:GetSendQuota because',
        403,
      ),
    },
    ['quota unknown'],
    /may not ses:GetSendQuota/,
  ],
  [
    'an expired token',
    { GetSendQuota: fault('ExpiredToken', 'expired', 403) },
    ['quota unknown'],
    /expired; sign in again/,
  ],
  [
    'AWS out of order',
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
    expect.stringMatching(new RegExp(`^${expected.length} of 1[89] are not ok$`)),
  ]);
});

test.each<[string, Record<string, string[][]>, string, RegExp]>([
  [
    'no DMARC record',
    {},
    'bad',
    /no DMARC record is at _dmarc\.mail\.widgets\.example\.com; the stack's output Dmarc/,
  ],
  [
    'a TXT record that is none',
    { '_dmarc.widgets.example.com': [['v=spf1 -all']] },
    'bad',
    /no DMARC record/,
  ],
  [
    'two DMARC records',
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

test('a DNS that does not answer', async () => {
  vi.spyOn(dns, 'resolveTxt').mockRejectedValue(Object.assign(new Error('queryTxt'), { code: 'ESERVFAIL' }));
  const { out } = await keypost('doctor', '--json');
  expect(Findings.parse(JSON.parse(out)).filter(({ state }) => state !== 'ok')).toEqual([
    { check: 'dmarc', state: 'unknown', cure: expect.any(String) },
  ]);
});

test('a catalogue that takes no test orders is sent none, and told so', async () => {
  const silent = join(folder, 'silent.config.ts');
  writeFileSync(silent, readFileSync(config, 'utf8').replace("testOrders: 'seller'", ''));
  answers['POST /orders/shop'] = { status: 500, body: 'nobody should post this' };
  const { code, out } = await keypostWith(silent, 'doctor', '--json');
  expect(Findings.parse(JSON.parse(out)).map(({ check }) => check)).not.toContain('test-order');
  expect(code).toBe(0);
  expect((await keypostWith(silent, 'doctor')).out).toContain("testOrders: 'seller'");
  expect((await keypost('doctor', '--no-order')).code).toBe(0);
});

test('no stack: what needs none is told all the same', async () => {
  answers['DescribeStacks Keypost'] = fault('ValidationError', 'Stack with id Keypost does not exist');
  const { out } = await keypost('doctor', '--json');
  const findings = Findings.parse(JSON.parse(out));
  const inState = (wanted: string) =>
    findings.filter(({ state }) => state === wanted).map(({ check }) => check);
  expect(inState('bad')).toEqual(['stack']);
  expect(inState('ok')).toEqual(['identity', 'dkim', 'mail-from', 'sandbox', 'sending', 'quota', 'dmarc']);
  expect(new Set(findings.flatMap(({ cure }) => cure ?? []))).toEqual(
    new Set([expect.stringContaining('npx cdk deploy')]),
  );
});

test('for people: a line each, the cure behind it, and what is the same said once', async () => {
  answers['DescribeStacks Keypost'] = fault('ValidationError', 'Stack with id Keypost does not exist');
  const { out } = await keypost('doctor');
  expect(out.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^not ok +stack +there is no stack Keypost/),
    'ok           identity',
  ]);
  expect(out).toMatch(/\ncannot tell +provider-key shop +the same\n/);
});

test.each([
  [
    ['keys', 'list'],
    /no stack Keypost in this account and region; `npx cdk deploy`/,
    fault('ValidationError', 'Stack with id Keypost does not exist'),
  ],
  [['orders', 'held'], /no output OrdersTable/, stack({ ...NAMES, OrdersTable: '' })],
  [['keys', 'set', 'shop'], /AWS does not know these credentials/, fault('InvalidClientTokenId', 'x', 403)],
  [['orders', 'release', 'k'], /have expired/, fault('ExpiredToken', 'x', 403)],
  [
    ['keys', 'list'],
    /may not cloudformation:DescribeStacks/,
    fault('AccessDenied', 'not authorized to perform: cloudformation:DescribeStacks on', 403),
  ],
])('%j: one line where the stack cannot be found', async (args, why, said) => {
  answers['DescribeStacks Keypost'] = said;
  const { code, out, err } = await keypost(...args);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(why);
  expect(err).not.toContain('\n');
});

test('another stack is another name, also in what would do', async () => {
  answers['DescribeStacks Second'] = stack({
    ...NAMES,
    ProductKeysSecret: 'Other',
    WebhookShop: `${server.url}/orders/shop`,
  });
  answers['GetSecretValue Other'] = secret({});
  const { out } = await keypost('keys', 'list', '--stack', 'Second');
  expect(out).toContain('`npx --no keypost keys set widget --stack Second`');
});

test.each<[string[], number, RegExp]>([
  [['--local'], 0, /is set/],
  [[], 1, /^ResourceNotFoundException/],
])('a secret that is missing is made on this machine only: %j', async (local, code, why) => {
  const gone = jsonFault('ResourceNotFoundException');
  for (const name of ['provider-keys', 'ProviderKeys1']) {
    answers[`GetSecretValue ${name}`] = gone;
    answers[`PutSecretValue ${name}`] = gone;
  }
  let made = '';
  answers['CreateSecret '] = (body) => {
    made = body;
    return '{}';
  };
  answers.GetCallerIdentity = xml('GetCallerIdentity', '<Arn>arn:aws:iam::1:user/seller</Arn>');
  for (const table of ['Keypost-Orders1', 'keypost-orders']) {
    answers[`GetItem ${table}`] = '{}';
    answers[`PutItem ${table}`] = '{}';
  }
  const said = await keypost('keys', 'set', 'shop', ...local);
  expect([said.code, said.out + said.err]).toEqual([code, expect.stringMatching(why)]);
  expect(made.includes('whsec_2')).toBe(code === 0);
});

test('held orders come in pages, from an index that may be behind, and never from a scan', async () => {
  const order = (key: string, held: object) => ({
    Item: {
      ...{ key: { S: key }, version: { N: '1' }, provider: { S: 'shop' }, status: { S: 'paid' } },
      ...{ lines: { L: [] }, buyer: { M: {} }, mail: { M: {} }, placedAt: { S: '2026-11-23' }, ...held },
    },
  });
  const orders = [
    order('shop#released', {}),
    order('shop#held', { heldAt: { S: '2026-11-23T03:00:00.000Z' } }),
  ];
  const entry = (key: string) => ({ key: { S: key } });
  answers['Query Keypost-Orders1'] = (body) =>
    body.includes('ExclusiveStartKey')
      ? JSON.stringify({ Items: [entry('shop#held')] })
      : JSON.stringify({
          Items: [entry('shop#released'), entry('shop#gone')],
          LastEvaluatedKey: entry('shop#gone'),
        });
  answers['BatchGetItem '] = (body) => {
    const found = orders.filter(({ Item }) => body.includes(`"${Item.key.S}"`)).map(({ Item }) => Item);
    return JSON.stringify({ Responses: { 'Keypost-Orders1': found } });
  };
  const { code, out } = await keypost('orders', 'held', '--json');
  expect([code, JSON.parse(out)]).toEqual([0, [expect.objectContaining({ key: 'shop#held' })]]);
});
