/** Tests the template that `npx cdk deploy` passes to CloudFormation. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ORDERS_TABLE } from '../../functions/aws/table.ts';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { bundling } from '../../lib/bundle.ts';
import { KeypostStack } from '../../lib/keypost-stack.ts';
import demo from '../../local/demo-shop.ts';
import { seller } from '../fixtures/catalogue.ts';

const many = <Schema extends z.ZodType>(one: Schema) =>
  z.union([z.array(one), one.transform((only) => [only])]);
const Shape = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().optional(),
      UpdateReplacePolicy: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
});
type Shape = z.infer<typeof Shape>;
const Policy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      z.object({
        Effect: z.literal('Allow'),
        Action: many(z.string()),
        Resource: many(z.unknown()),
        Condition: z.unknown().optional(),
      }),
    ),
  }),
});
const AlarmShape = z.object({
  AlarmActions: z.tuple([z.object({ Ref: z.string() })]),
  AlarmDescription: z.string(),
  MetricName: z.optional(z.string()),
  Namespace: z.optional(z.string()),
  Period: z.optional(z.number()),
  Metrics: z.optional(z.array(z.object({ Expression: z.optional(z.string()) }))),
  Threshold: z.number(),
  TreatMissingData: z.string(),
});
const Flags = z.object({ context: z.record(z.string(), z.unknown()) });

const work = mkdtempSync(join(tmpdir(), 'keypost-stack-'));
afterAll(() => rmSync(work, { recursive: true }));

function bundle(name: string, code: string): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), code);
  return folder;
}

const bundles = {
  webhook: bundle('webhook', '1'),
  redeliver: bundle('redeliver', '2'),
  'mail-events': bundle('mail-events', '3'),
  reconcile: bundle('reconcile', '4'),
};
const { context } = Flags.parse(JSON.parse(readFileSync('cdk.json', 'utf8')));
const provider: Catalogue['providers'][string] = {
  testOrders: 'seller',
  ignore: [],
  licenseeField: 'licensee',
  options: {},
};

function synthesize({
  identity = 'records',
  folders = bundles,
}: {
  identity?: Catalogue['seller']['identity'];
  folders?: typeof bundles;
} = {}): Shape {
  const app = new App({
    outdir: mkdtempSync(join(work, 'out-')),
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
    builtinCloudFormationValidation: false,
  });
  const stack = new KeypostStack(app, 'Keypost', {
    catalogue: {
      seller: { ...seller, from: 'Orders@Widgets.example.com', identity },
      providers: { stripe: provider, 'own-shop': provider },
      products: {},
    },
    bundles: folders,
  });
  return Shape.parse(Template.fromStack(stack).toJSON());
}

const template = synthesize();

const ofType = (type: string, { Resources } = template) =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);
const propertiesOf = (id: string) => template.Resources[id]?.Properties ?? {};
/** Returns the only resource of this type whose ID starts with `prefix`. */
function only(type: string, prefix = '') {
  const [found, ...others] = ofType(type).filter(([id]) => id.startsWith(prefix));
  if (!found || others.length > 0) throw new Error(`not one ${type} ${prefix}`);
  return { id: found[0], ...found[1] };
}

const ORDERS = 'OrdersA9B65338';
const PRODUCT_KEYS = 'ProductKeys518BAD1E';
const PROVIDER_KEYS = 'ProviderKeys2563E0B5';
const API = 'ApiF70053CD';
const mails = { Ref: only('AWS::SES::ConfigurationSet').id };

describe('stored data', () => {
  test.each([
    [ORDERS, 'AWS::DynamoDB::Table'],
    [PRODUCT_KEYS, 'AWS::SecretsManager::Secret'],
    [PROVIDER_KEYS, 'AWS::SecretsManager::Secret'],
    [API, 'AWS::ApiGatewayV2::Api'],
  ])('in %s keeps its logical ID; otherwise CloudFormation replaces it with an empty %s', (id, type) => {
    expect(template.Resources[id]?.Type).toBe(type);
  });

  test.each([ORDERS, PRODUCT_KEYS, PROVIDER_KEYS, only('AWS::SES::EmailIdentity').id])(
    'in %s is retained when the stack is deleted',
    (id) => {
      expect(template.Resources[id]).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
      });
    },
  );

  test('of orders is billed on demand, protected from deletion, restorable and fully indexed', () => {
    const at = ({ name, type }: { name: string; type: string }) => ({
      AttributeName: name,
      AttributeType: type,
    });
    const indexes = Object.entries(ORDERS_TABLE.indexes);
    const attributes = [
      at({ name: ORDERS_TABLE.partitionKey, type: 'S' }),
      ...indexes.flatMap(([, { partition, sort }]) => [at(partition), at(sort)]),
    ];
    expect(propertiesOf(ORDERS)).toEqual({
      KeySchema: [{ AttributeName: ORDERS_TABLE.partitionKey, KeyType: 'HASH' }],
      AttributeDefinitions: expect.arrayContaining(attributes),
      GlobalSecondaryIndexes: indexes.map(([IndexName, { partition, sort }]) => ({
        IndexName,
        KeySchema: [
          { AttributeName: partition.name, KeyType: 'HASH' },
          { AttributeName: sort.name, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      })),
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  test.each([PRODUCT_KEYS, PROVIDER_KEYS])(
    'in %s has fixed properties, because CloudFormation generates a new secret after a change',
    (id) => {
      expect(propertiesOf(id)).toEqual({
        Description: expect.any(String),
        GenerateSecretString: { SecretStringTemplate: '{}', GenerateStringKey: '_unused' },
      });
    },
  );
});

const table = { 'Fn::GetAtt': [ORDERS, 'Arn'] };
const index = (name: string) => ({ 'Fn::Join': ['', [table, `/index/${name}`]] });
const sesArn = (...resource: unknown[]) => ({
  'Fn::Join': [
    '',
    [
      'arn:',
      { Ref: 'AWS::Partition' },
      ':ses:',
      { Ref: 'AWS::Region' },
      ':',
      { Ref: 'AWS::AccountId' },
      ...resource,
    ],
  ],
});
const ownLog = (id: string) => ({ 'Fn::GetAtt': [only('AWS::Logs::LogGroup', id).id, 'Arn'] });
const logging = (id: string) => ({
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  on: [ownLog(id)],
});
const keeping = { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], on: [table] };
const sending = {
  actions: ['ses:SendRawEmail'],
  on: [sesArn(':configuration-set/', mails), sesArn(':identity/*')],
  if: { StringEquals: { 'ses:FromAddress': 'Orders@Widgets.example.com' } },
};

const secrets = {
  actions: ['secretsmanager:GetSecretValue'],
  on: [{ Ref: PRODUCT_KEYS }, { Ref: PROVIDER_KEYS }],
};
const keys = {
  CONFIGURATION_SET: mails,
  PRODUCT_KEYS: { Ref: PRODUCT_KEYS },
  PROVIDER_KEYS: { Ref: PROVIDER_KEYS },
  KEYS_CACHED_SECONDS: '300',
};

const lambdas = [
  {
    name: 'webhook',
    id: 'Webhook',
    timeout: 10,
    may: [logging('WebhookLog'), keeping, secrets, sending],
    knows: keys,
  },
  {
    name: 'redeliver',
    id: 'Redeliver',
    timeout: 900,
    may: [
      logging('RedeliverLog'),
      keeping,
      { actions: ['dynamodb:Query'], on: [index('due'), index('held')] },
      { actions: ['ses:GetSendQuota'], on: ['*'] },
      sending,
    ],
    knows: { CONFIGURATION_SET: mails },
  },
  {
    name: 'mail-events',
    id: 'MailEvents',
    timeout: 10,
    may: [logging('MailEventsLog'), keeping],
    knows: {},
  },
  {
    name: 'reconcile',
    id: 'Reconcile',
    timeout: 900,
    may: [logging('ReconcileLog'), keeping, secrets, sending],
    knows: keys,
  },
] as const;

describe.each(lambdas)('the Lambda $name', ({ name, id, timeout, may, knows }) => {
  test('has the measured settings and exactly these variables', () => {
    const { Code: _code, Role: _role, ...properties } = only('AWS::Lambda::Function', id).Properties;
    expect(properties).toEqual({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Handler: 'index.handler',
      Timeout: timeout,
      LoggingConfig: { LogGroup: { Ref: only('AWS::Logs::LogGroup', `${id}Log`).id } },
      Environment: {
        Variables: {
          TABLE: { Ref: ORDERS },
          NAMESPACE: 'Keypost/Keypost',
          ...knows,
        },
      },
    });
  });

  test('has exactly these permissions', () => {
    const { Statement } = Policy.parse(only('AWS::IAM::Policy', id).Properties).PolicyDocument;
    const found = Statement.map(({ Action, Resource, Condition }) => ({
      actions: Action,
      on: Resource,
      ...(Condition ? { if: Condition } : {}),
    }));
    expect(found).toEqual(may);
    expect(Object.keys(only('AWS::IAM::Role', id).Properties)).toEqual(['AssumeRolePolicyDocument']);
  });

  test('has permission for the AWS calls of its bundle and no other', { timeout: 30_000 }, async () => {
    const { metafile } = await build({
      ...bundling(demo),
      entryPoints: [`functions/${name}.ts`],
      outdir: '.',
      write: false,
      metafile: true,
    });
    const bundled = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const commands = bundled.flatMap((path) => {
      const [, client, command] = /client-([a-z-]+)\/dist-es\/commands\/(\w+)Command\.js$/.exec(path) ?? [];
      return client && command ? [`${client.replaceAll('-', '')}:${command}`] : [];
    });
    // The DynamoDB client contains it for endpoint discovery, which is off by default.
    const ours = commands.filter((action) => action !== 'dynamodb:DescribeEndpoints');
    const allowed = may.flatMap(({ actions }) => actions).filter((action) => !action.startsWith('logs:'));
    expect(ours.sort()).toEqual(allowed.sort());
  });
});

test('no action is a wildcard, and only the policies of the Lambdas grant permissions', () => {
  const policies = ofType('AWS::IAM::Policy').map(([id]) => id.replace(/Role.*/, ''));
  expect(policies).toEqual(lambdas.map(({ id }) => id));
  expect(ofType('AWS::IAM::ManagedPolicy')).toEqual([]);
  expect(JSON.stringify(template)).not.toMatch(/"[a-z0-9-]+:[A-Za-z]*\*"/);
});

test.each([
  ['Redeliver', 'EachMinute', 'rate(1 minute)'],
  ['Reconcile', 'EachHour', 'rate(1 hour)'],
])('%s runs by the rule %s, and a failed run is not retried', (name, rule, rate) => {
  const { id } = only('AWS::Lambda::Function', name);
  expect(only('AWS::Events::Rule', rule).Properties).toMatchObject({
    ScheduleExpression: rate,
    State: 'ENABLED',
    Targets: [{ Arn: { 'Fn::GetAtt': [id, 'Arn'] }, RetryPolicy: { MaximumRetryAttempts: 0 } }],
  });
  expect(only('AWS::Lambda::EventInvokeConfig', name).Properties).toMatchObject({
    FunctionName: { Ref: id },
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
});

describe('the API', () => {
  test('has one route, for any method, in the payload format that functions/aws/http-api.ts reads', () => {
    expect(only('AWS::ApiGatewayV2::Route').Properties.RouteKey).toBe('ANY /orders/{provider}');
    expect(only('AWS::ApiGatewayV2::Integration').Properties.PayloadFormatVersion).toBe('2.0');
    expect(only('AWS::ApiGatewayV2::Stage').Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
  });

  test('logs neither path nor query nor caller, because some addresses contain secrets', () => {
    const settings = z
      .object({ Format: z.string() })
      .parse(only('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings);
    const logged = Object.values(z.record(z.string(), z.string()).parse(JSON.parse(settings.Format)));
    expect(logged.map((variable) => variable.replace('$context.', '')).sort()).toEqual([
      'integration.latency',
      'integration.status',
      'requestId',
      'requestTime',
      'responseLatency',
      'routeKey',
      'status',
    ]);
  });
});

test('every log expires after three months and is deleted with the stack', () => {
  const logs = ofType('AWS::Logs::LogGroup').map(([, log]) => log);
  expect(logs).toHaveLength(lambdas.length + 1);
  for (const log of logs)
    expect(log).toMatchObject({ Properties: { RetentionInDays: 90 }, DeletionPolicy: 'Delete' });
});

describe('the sender', () => {
  test('requires TLS and suppresses only addresses that bounced or complained', () => {
    expect(only('AWS::SES::ConfigurationSet').Properties).toEqual({
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
      ReputationOptions: { ReputationMetricsEnabled: true },
      SuppressionOptions: {
        SuppressedReasons: ['BOUNCE', 'COMPLAINT'],
        ValidationOptions: { ConditionThreshold: { ConditionThresholdEnabled: 'DISABLED' } },
      },
    });
  });

  test('publishes the events of each mail to a topic that nothing else may publish to', () => {
    const topic = { Ref: only('AWS::SNS::Topic', 'MailEvents').id };
    expect(only('AWS::SES::ConfigurationSetEventDestination').Properties).toEqual({
      ConfigurationSetName: mails,
      EventDestination: {
        Enabled: true,
        MatchingEventTypes: ['send', 'delivery', 'bounce', 'complaint', 'reject', 'deliveryDelay'],
        SnsDestination: { TopicARN: topic },
      },
    });
    const account = { Ref: 'AWS::AccountId' };
    expect(only('AWS::SNS::TopicPolicy').Properties).toMatchObject({
      PolicyDocument: {
        Statement: [
          { Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
          {
            Effect: 'Allow',
            Principal: { Service: 'ses.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: {
              StringEquals: {
                'AWS:SourceAccount': account,
                'AWS:SourceArn': sesArn(':configuration-set/', mails),
              },
            },
            Resource: topic,
          },
        ],
      },
      Topics: [topic],
    });
    const listener = { 'Fn::GetAtt': [only('AWS::Lambda::Function', 'MailEvents').id, 'Arn'] };
    expect(only('AWS::SNS::Subscription', 'MailEvents').Properties).toEqual({
      Protocol: 'lambda',
      Endpoint: listener,
      TopicArn: topic,
    });
    expect(only('AWS::Lambda::Permission', 'MailEvents').Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: listener,
      Principal: 'sns.amazonaws.com',
      SourceArn: topic,
    });
  });

  const shownRecords = ['Dkim1', 'Dkim2', 'Dkim3', 'Dmarc', 'MailFromMx', 'MailFromSpf'];
  const zone = { id: 'Z0123456789EXAMPLE', name: 'example.com' };
  const domain = {
    EmailIdentity: 'widgets.example.com',
    DkimSigningAttributes: { NextSigningKeyLength: 'RSA_2048_BIT' },
    MailFromAttributes: { MailFromDomain: 'bounce.widgets.example.com' },
  };
  test.each([
    { of: 'records to copy', identity: 'records', identities: [domain], records: [], shown: shownRecords },
    {
      of: 'a Route 53 zone',
      identity: { zone },
      identities: [domain],
      records: ['CNAME', 'CNAME', 'CNAME', 'MX', 'TXT'],
      shown: ['Dmarc'],
    },
    { of: 'an existing identity', identity: 'existing', identities: [], records: [], shown: [] },
  ] as const)('has the identity and the DNS records for $of', ({ identity, identities, records, shown }) => {
    const shape = synthesize({ identity });
    const made = ofType('AWS::SES::EmailIdentity', shape).map(([, { Properties }]) => Properties);
    expect(made).toEqual(identities);
    const recordSets = ofType('AWS::Route53::RecordSet', shape).map(([, record]) => record);
    expect(recordSets.map(({ Properties }) => Properties.Type)).toEqual(records);
    for (const record of recordSets)
      expect(record).toMatchObject({ Properties: { HostedZoneId: zone.id }, DeletionPolicy: 'Retain' });
    expect(
      Object.keys(shape.Outputs)
        .filter((name) => shownRecords.includes(name))
        .sort(),
    ).toEqual(shown);
  });

  test('prints the records in the format of DNS hosts', () => {
    const identity = only('AWS::SES::EmailIdentity').id;
    const token = (part: string) => ({ 'Fn::GetAtt': [identity, `DkimDNSToken${part}`] });
    const { Dkim2, MailFromMx, MailFromSpf, Dmarc } = template.Outputs;
    expect(Dkim2?.Value).toEqual({ 'Fn::Join': ['', [token('Name2'), ' CNAME ', token('Value2')]] });
    const mx = 'bounce.widgets.example.com MX 10 feedback-smtp.';
    expect(MailFromMx?.Value).toEqual({ 'Fn::Join': ['', [mx, { Ref: 'AWS::Region' }, '.amazonses.com']] });
    expect(MailFromSpf?.Value).toBe('bounce.widgets.example.com TXT "v=spf1 include:amazonses.com ~all"');
    expect(Dmarc?.Value).toBe('_dmarc.widgets.example.com TXT "v=DMARC1; p=none"');
  });
});

test('the outputs have the names that the command line reads', () => {
  expect(Object.keys(template.Outputs).sort()).toEqual([
    'AlarmTopic',
    'ConfigurationSet',
    'Dashboard',
    'Dkim1',
    'Dkim2',
    'Dkim3',
    'Dmarc',
    'MailEventsFunction',
    'MailFromMx',
    'MailFromSpf',
    'OrdersTable',
    'ProductKeysSecret',
    'ProviderKeysSecret',
    'ReconcileFunction',
    'RedeliverFunction',
    'WebhookFunction',
    'WebhookOwnShop',
    'WebhookStripe',
  ]);
  expect(template.Outputs.WebhookOwnShop?.Value).toEqual({
    'Fn::Join': ['', [{ 'Fn::GetAtt': [API, 'ApiEndpoint'] }, '/orders/own-shop']],
  });
});

describe('the alarms', () => {
  const alarms = ofType('AWS::CloudWatch::Alarm').map(([id, { Properties }]) => ({
    name: id.slice(0, -8),
    ...AlarmShape.parse(Properties),
  }));

  test('are these, at most ten', () => {
    const descriptions = alarms.map(
      ({ name, Namespace, MetricName, Metrics = [], Threshold, Period, TreatMissingData }) => {
        const sum = Metrics.find(({ Expression }) => Expression)?.Expression;
        const watched = sum ?? `${Namespace} ${MetricName} in ${Period} s`;
        return `${name}: ${watched} >= ${Threshold}, missing ${TreatMissingData}`;
      },
    );
    expect(descriptions).toEqual([
      'HeldOrders: Keypost/Keypost LinesHeld in 300 s >= 1, missing notBreaching',
      'StillHeld: Keypost/Keypost HeldOrders in 86400 s >= 1, missing notBreaching',
      'MailsWait: Keypost/Keypost OldestDueSeconds in 900 s >= 900, missing breaching',
      'AccountFaults: Keypost/Keypost AccountFaults in 1800 s >= 1, missing notBreaching',
      'RefusedSignatures: Keypost/Keypost RefusedSignatures in 900 s >= 5, missing notBreaching',
      'Unanswered: AWS/ApiGateway 5xx in 300 s >= 1, missing notBreaching',
      'TooLarge: Keypost/Keypost TooLarge in 300 s >= 1, missing notBreaching',
      'WebhookErrors: AWS/Lambda Errors in 300 s >= 1, missing notBreaching',
      'WorkerErrors: m0 + m1 >= 1, missing notBreaching',
      'SesQuota: Keypost/Keypost SesQuotaPercent in 900 s >= 80, missing notBreaching',
    ]);
    expect(descriptions.length).toBeLessThanOrEqual(10);
  });

  test('are mailed to the seller through a topic without a policy, to which CloudWatch may publish', () => {
    const topic = only('AWS::SNS::Topic', 'Alarms').id;
    expect(only('AWS::SNS::Subscription', 'Alarms').Properties).toEqual({
      Protocol: 'email',
      Endpoint: 'seller@widgets.example.com',
      TopicArn: { Ref: topic },
    });
    for (const { AlarmActions } of alarms) expect(AlarmActions).toEqual([{ Ref: topic }]);
    expect(only('AWS::SNS::TopicPolicy').Properties.Topics).not.toContainEqual({ Ref: topic });
  });

  test('and the dashboard show every custom metric, at most ten', () => {
    const body = JSON.stringify(only('AWS::CloudWatch::Dashboard').Properties.DashboardBody);
    const shown = [...body.matchAll(/Keypost\/Keypost[\\"]+,[\\"]+(\w+)/g)].map(([, name]) => name);
    const alarmed = alarms.filter(({ Namespace }) => Namespace === 'Keypost/Keypost');
    const metrics = new Set([...shown, ...alarmed.map(({ MetricName }) => MetricName)]);
    expect([...metrics].sort()).toEqual([
      'AccountFaults',
      'DueMails',
      'HeldOrders',
      'LinesHeld',
      'OldestDueSeconds',
      'OrdersRecorded',
      'PostToAcceptedSeconds',
      'RefusedSignatures',
      'SesQuotaPercent',
      'TooLarge',
    ]);
    expect(ofType('AWS::CloudWatch::Dashboard')).toHaveLength(1);
  });

  const runbook = 'docs/runbook.md';
  test.skipIf(!existsSync(runbook))('each link to an article of the runbook', () => {
    const headings = readFileSync(runbook, 'utf8').matchAll(/^#{2,} +(.+)$/gm);
    const anchors = new Set(
      Array.from(headings, ([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    for (const { AlarmDescription } of alarms) {
      const [, anchor = 'no link'] = /docs\/runbook\.md#([a-z-]+)$/.exec(AlarmDescription) ?? [];
      expect(anchors).toContain(anchor);
    }
  });
});

test('a changed bundle changes only its own Lambda', () => {
  const folders = { ...bundles, redeliver: bundle('edited', '3') };
  const { Resources: after } = synthesize({ folders });
  const changed = Object.keys(after).filter(
    (id) => JSON.stringify(after[id]) !== JSON.stringify(template.Resources[id]),
  );
  expect(changed).toEqual([only('AWS::Lambda::Function', 'Redeliver').id]);
});

const linter = spawnSync('cfn-lint', ['--version'], { encoding: 'utf8' });
console.info(
  linter.status === 0 ? `${linter.stdout.trim()} runs` : 'cfn-lint is not installed: its test is skipped',
);
test.skipIf(linter.status !== 0)('cfn-lint finds no error', { timeout: 60_000 }, () => {
  const file = join(work, 'template.json');
  writeFileSync(file, JSON.stringify(template));
  const lint = [
    '--non-zero-exit-code',
    'error',
    '--regions',
    'us-east-1',
    'eu-central-1',
    '--template',
    file,
  ];
  const { status, stdout } = spawnSync('cfn-lint', lint, { encoding: 'utf8' });
  expect({ status, errors: stdout.match(/^E\d+ .*$/gm) }).toEqual({ status: 0, errors: null });
});

test('a mistake in the catalogue stops the synthesis with its message', { timeout: 60_000 }, async () => {
  const KEYPOST_CONFIG = join(work, 'nowhere.config.ts');
  const synthesis = promisify(execFile)(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    env: { ...process.env, KEYPOST_CONFIG },
  });
  const stopped = z.object({ code: z.number(), stderr: z.string() });
  const { code, stderr } = stopped.parse(await synthesis.catch((error: unknown) => error));
  expect(code).toBe(1);
  expect(stderr).toContain(KEYPOST_CONFIG);
  expect(stderr).not.toMatch(/^ +at /m);
});
