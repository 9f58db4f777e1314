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
import { ORDERS_TABLE } from '../../functions/aws/dynamodb/table.ts';
import { logReports } from '../../functions/aws/reports.ts';
import type { Catalogue } from '../../functions/core/catalogue/catalogue.ts';
import { bundling } from '../../lib/build/bundle.ts';
import { KeypostStack } from '../../lib/keypost-stack.ts';
import demo from '../../local/demo-shop.ts';
import { ALARM_METRICS } from '../bench/cost/cost.ts';
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
      DependsOn: z.array(z.string()).optional(),
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
/** A reference to a resource, or to its name. */
const Named = z.union([
  z.object({ Ref: z.string() }),
  z.pipe(
    z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
    z.transform(({ 'Fn::GetAtt': [Ref] }) => ({ Ref })),
  ),
]);
const MetricShape = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: Named })).default([]),
});
const AlarmShape = z.object({
  AlarmActions: z.tuple([z.object({ Ref: z.string() })]),
  AlarmDescription: z.string(),
  MetricName: z.optional(z.string()),
  Namespace: z.optional(z.string()),
  Dimensions: MetricShape.shape.Dimensions,
  Period: z.optional(z.number()),
  Metrics: z.optional(
    z.array(
      z.object({
        Expression: z.optional(z.string()),
        MetricStat: z.optional(z.object({ Metric: MetricShape })),
      }),
    ),
  ),
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
  operator: bundle('operator', '5'),
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
  settings = {},
}: {
  identity?: Catalogue['seller']['identity'];
  folders?: typeof bundles;
  settings?: Partial<Catalogue>;
} = {}): Shape {
  const app = new App({
    outdir: mkdtempSync(join(work, 'out-')),
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
    builtinCloudFormationValidation: false,
  });
  const stack = new KeypostStack(app, 'Keypost', {
    catalogue: {
      seller: { ...seller, locale: 'en', from: 'Orders@Widgets.example.com', identity },
      providers: { stripe: provider, 'own-shop': provider },
      products: {},
      ...settings,
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

  test.each([
    // DynamoDB refuses to delete a protected table, so a rollback could not end.
    [ORDERS, 'Retain'],
    [PRODUCT_KEYS, 'RetainExceptOnCreate'],
    [PROVIDER_KEYS, 'RetainExceptOnCreate'],
    [only('AWS::SES::EmailIdentity').id, 'RetainExceptOnCreate'],
  ])('in %s stays when the stack is deleted: %s', (id, DeletionPolicy) => {
    expect(template.Resources[id]).toMatchObject({ DeletionPolicy, UpdateReplacePolicy: 'Retain' });
  });

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

/** Lambda sends what its function has failed on three times. */
const losing = {
  actions: ['sqs:SendMessage'],
  on: [{ 'Fn::GetAtt': [only('AWS::SQS::Queue').id, 'Arn'] }],
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
      { actions: ['dynamodb:Query'], on: [index('due'), index('held')] },
      { actions: ['ses:GetSendQuota'], on: ['*'] },
      keeping,
      secrets,
      sending,
    ],
    knows: {
      ...{ CONFIGURATION_SET: mails, KEYS_CACHED_SECONDS: '300' },
      ...{ PRODUCT_KEYS: { Ref: PRODUCT_KEYS }, PROVIDER_KEYS: { Ref: PROVIDER_KEYS } },
    },
  },
  {
    name: 'mail-events',
    id: 'MailEvents',
    timeout: 10,
    may: [logging('MailEventsLog'), keeping, losing],
    knows: {},
  },
  {
    name: 'reconcile',
    id: 'Reconcile',
    timeout: 900,
    may: [logging('ReconcileLog'), keeping, secrets, sending],
    knows: keys,
  },
  {
    name: 'operator',
    id: 'Operator',
    timeout: 30,
    may: [logging('OperatorLog'), keeping, secrets],
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
      ...bundling({ ...demo, pages: undefined }),
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
    const allowed = may.flatMap(({ actions }) => actions).filter((action) => !/^(?:logs|sqs):/.test(action));
    expect(ours.sort()).toEqual(allowed.sort());
  });
});

test('no action is a wildcard, and only the policies of the Lambdas and of KeypostSupport grant permissions', () => {
  const policies = ofType('AWS::IAM::Policy').map(([id]) => id.replace(/Role.*/, ''));
  expect(policies).toEqual(lambdas.map(({ id }) => id));
  expect(ofType('AWS::IAM::ManagedPolicy').map(([id]) => id.slice(0, -8))).toEqual(['SupportPolicy']);
  // The queue denies every request without TLS.
  const denied = /"sqs:\*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"/g;
  expect(JSON.stringify(template).replaceAll(denied, '')).not.toMatch(/"[a-z0-9-]+:[A-Za-z]*\*"/);
});

test('KeypostSupport reads orders and calls the alias of the operator, and allows nothing else', () => {
  const { Statement } = Policy.parse(only('AWS::IAM::ManagedPolicy').Properties).PolicyDocument;
  const { id, Properties } = only('AWS::Lambda::Alias');
  const { id: operator } = only('AWS::Lambda::Function', 'Operator');
  expect(Properties).toEqual({
    FunctionName: { Ref: operator },
    FunctionVersion: '$LATEST',
    Name: 'support',
  });
  const stack = { 'Fn::Join': ['', expect.arrayContaining([':stack/Keypost/*'])] };
  expect(Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
    [['BatchGetItem', 'DescribeTable', 'GetItem', 'Scan'].map((name) => `dynamodb:${name}`), [table]],
    [['dynamodb:Query'], ['byDay', 'byEmail', 'due', 'held'].map(index)],
    [['lambda:InvokeFunction'], [{ Ref: id }]],
    [['cloudformation:DescribeStacks'], [stack]],
  ]);
  expect(template.Outputs.KeypostSupport?.Value).toEqual({ Ref: only('AWS::IAM::ManagedPolicy').id });
  expect(template.Outputs.SupportFunction?.Value).toEqual({ Ref: id });
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
  test('has a route with its own limit for each provider, in the format that functions/aws/http-api.ts reads', () => {
    const routes = ofType('AWS::ApiGatewayV2::Route');
    const keys = ['ANY /orders/stripe', 'ANY /orders/own-shop'];
    expect(routes.map(([, { Properties }]) => Properties.RouteKey)).toEqual(keys);
    expect(only('AWS::ApiGatewayV2::Integration').Properties.PayloadFormatVersion).toBe('2.0');
    const limit = { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 };
    const stage = only('AWS::ApiGatewayV2::Stage');
    expect(stage.Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      RouteSettings: Object.fromEntries(keys.map((key) => [key, limit])),
    });
    expect(stage.DependsOn).toEqual(expect.arrayContaining(routes.map(([id]) => id)));
  });

  test('writes its log where AWS needs no policy for it', () => {
    expect(only('AWS::Logs::LogGroup', 'ApiLog').Properties.LogGroupName).toBe('/aws/vendedlogs/Keypost/api');
  });

  test('is reached by a domain of the seller, whose addresses outlive the stack', () => {
    const own = { domain: 'hooks.example.com', certificate: 'arn:aws:acm:us-east-1:1:certificate/1' };
    const shape = synthesize({ settings: { api: own } });
    expect(ofType('AWS::ApiGatewayV2::DomainName', shape)[0]?.[1].Properties).toMatchObject({
      DomainName: own.domain,
      DomainNameConfigurations: [{ CertificateArn: own.certificate, EndpointType: 'REGIONAL' }],
    });
    expect(ofType('AWS::ApiGatewayV2::ApiMapping', shape)).toHaveLength(1);
    expect(shape.Outputs.WebhookStripe?.Value).toBe('https://hooks.example.com/orders/stripe');
    expect(JSON.stringify(shape.Outputs.ApiCname?.Value)).toMatch(
      /hooks\.example\.com CNAME .*RegionalDomainName/,
    );
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
    const [lost] = losing.on;
    const listener = { 'Fn::GetAtt': [only('AWS::Lambda::Function', 'MailEvents').id, 'Arn'] };
    expect(only('AWS::SNS::Subscription', 'MailEvents').Properties).toEqual({
      Protocol: 'lambda',
      Endpoint: listener,
      TopicArn: topic,
      RedrivePolicy: { deadLetterTargetArn: lost },
    });
    expect(only('AWS::Lambda::EventInvokeConfig', 'MailEvents').Properties).toMatchObject({
      DestinationConfig: { OnFailure: { Destination: lost } },
    });
    expect(only('AWS::SQS::Queue').Properties).toEqual({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
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
    { of: 'an existing identity', identity: 'existing', identities: [], records: [], shown: ['Dmarc'] },
  ] as const)('has the identity and the DNS records for $of', ({ identity, identities, records, shown }) => {
    const shape = synthesize({ identity });
    const made = ofType('AWS::SES::EmailIdentity', shape).map(([, { Properties }]) => Properties);
    expect(made).toEqual(identities);
    const recordSets = ofType('AWS::Route53::RecordSet', shape).map(([, record]) => record);
    expect(recordSets.map(({ Properties }) => Properties.Type)).toEqual(records);
    for (const record of recordSets)
      expect(record).toMatchObject({
        Properties: { HostedZoneId: zone.id },
        DeletionPolicy: 'RetainExceptOnCreate',
      });
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
    'AccessLog',
    'AlarmTopic',
    'ConfigurationSet',
    'Dkim1',
    'Dkim2',
    'Dkim3',
    'Dmarc',
    'KeypostSupport',
    'MailEventsFunction',
    'MailEventsLost',
    'MailFromMx',
    'MailFromSpf',
    'OperatorFunction',
    'OrdersTable',
    'ProductKeysSecret',
    'ProviderKeysSecret',
    'ReconcileFunction',
    'RedeliverFunction',
    'SupportFunction',
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

  /** Each metric with the resource of its dimension, and our own by the line of code that sends it. */
  const watchedBy = ({
    Namespace = '',
    MetricName = '',
    Dimensions,
    Metrics = [],
  }: (typeof alarms)[number]) => {
    const metrics = Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);
    const all = metrics.length > 0 ? metrics : [{ Namespace, MetricName, Dimensions }];
    return all.map(({ Namespace, MetricName, Dimensions }) => {
      const ids = Dimensions.map(({ Name, Value }) => `${Name} ${Value.Ref.slice(0, -8)}`);
      return [Namespace.replace('Keypost/Keypost', 'own'), MetricName, ...ids].join(' ');
    });
  };

  test('watch these metrics of these resources', () => {
    const found = alarms.map((alarm) => {
      const { name, Threshold, TreatMissingData } = alarm;
      return [name, watchedBy(alarm), Threshold, TreatMissingData];
    });
    const LOST = 'AWS/SQS ApproximateNumberOfMessagesVisible QueueName LostMailEvents';
    const errorsOf = (id: string) => `AWS/Lambda Errors FunctionName ${id}`;
    expect(found).toEqual([
      ['HeldOrders', ['own LinesHeld'], 1, 'notBreaching'],
      ['StillHeld', ['own OldestHeldSeconds'], 86_400, 'notBreaching'],
      ['StillWaiting', ['own OldestWaitingSeconds'], 172_800, 'notBreaching'],
      ['MailsWait', ['own OldestDueSeconds'], 900, 'breaching'],
      ['AccountFaults', ['own AccountFaults'], 1, 'notBreaching'],
      ['RefusedSignatures', ['own RefusedSignatures'], 5, 'notBreaching'],
      ['Unanswered', ['AWS/ApiGateway 5xx ApiId Api'], 1, 'notBreaching'],
      ['Throttled', ['own TooManyRequests', 'AWS/Lambda Throttles FunctionName Webhook'], 1, 'notBreaching'],
      ['TooLarge', ['own TooLarge'], 1, 'notBreaching'],
      ['NeedsALook', ['own NeedsALook'], 1, 'notBreaching'],
      ['WebhookErrors', [errorsOf('Webhook')], 1, 'notBreaching'],
      [
        'WorkerErrors',
        [...['Redeliver', 'MailEvents', 'Reconcile', 'Operator'].map(errorsOf), LOST],
        1,
        'notBreaching',
      ],
      ['SesQuota', ['own SesQuotaPercent'], 80, 'notBreaching'],
    ]);
  });

  test('add what is missing as 0: a sum of metrics has no value while one has none', () => {
    const sums = alarms.flatMap(({ Metrics = [] }) => Metrics.flatMap(({ Expression }) => Expression ?? []));
    expect(sums).toEqual([
      'FILL(requests, 0) + FILL(lambdas, 0)',
      'FILL(m0, 0) + FILL(m1, 0) + FILL(m2, 0) + FILL(m3, 0) + FILL(m4, 0)',
    ]);
  });

  test('count the throttled requests in the log of the API', () => {
    expect(only('AWS::Logs::MetricFilter').Properties).toMatchObject({
      FilterPattern: '{ $.status = "429" }',
      LogGroupName: { Ref: only('AWS::Logs::LogGroup', 'ApiLog').id },
      MetricTransformations: [
        { MetricName: 'TooManyRequests', MetricNamespace: 'Keypost/Keypost', MetricValue: '1' },
      ],
    });
  });

  test('use each own metric, and the number of metrics is the one in the calculation of the cost', () => {
    const watched = alarms.flatMap(watchedBy);
    expect(watched).toHaveLength(ALARM_METRICS);
    const own = watched.flatMap((metric) => (metric.startsWith('own ') ? metric.slice(4) : []));
    const lines: string[] = [];
    const report = logReports(
      'n',
      () => 0,
      (line) => void lines.push(line),
    );
    for (const name of ['account_fault', 'signature_refused', 'too_large', 'line_held', 'failed'] as const)
      report(name, {});
    report('gauges', { oldestHeld: 1, oldestWaiting: 1, oldest: 0, quota: 50 });
    const sent = lines.flatMap((line) => [...line.matchAll(/"Name":"(\w+)"/g)].map(([, name]) => name));
    expect([...sent, 'TooManyRequests'].sort()).toEqual([...own].sort());
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

  test('have a dashboard only if the catalogue asks for one', () => {
    expect(ofType('AWS::CloudWatch::Dashboard')).toEqual([]);
    const shape = synthesize({ settings: { dashboard: true } });
    expect(ofType('AWS::CloudWatch::Dashboard', shape)).toHaveLength(1);
    expect(shape.Outputs.Dashboard).toBeDefined();
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
      const [, anchor = 'no link'] = /What to do: docs\/runbook\.md#([a-z-]+)$/.exec(AlarmDescription) ?? [];
      expect(anchors).toContain(anchor);
    }
  });
});

test('the mails of the alarms link to the page that the catalogue names', () => {
  const shape = synthesize({ settings: { runbook: 'https://example.com/runbook' } });
  for (const [, { Properties }] of ofType('AWS::CloudWatch::Alarm', shape))
    expect(Properties.AlarmDescription).toMatch(/What to do: https:\/\/example\.com\/runbook#[a-z-]+$/);
});

test('a changed bundle changes only its own Lambda', () => {
  const folders = { ...bundles, redeliver: bundle('edited', '3') };
  const { Resources: after } = synthesize({ folders });
  const changed = Object.keys(after).filter(
    (id) => JSON.stringify(after[id]) !== JSON.stringify(template.Resources[id]),
  );
  expect(changed).toEqual([only('AWS::Lambda::Function', 'Redeliver').id]);
});

// Asking cfn-lint itself for its version takes two seconds.
const hasLinter = spawnSync('which', ['cfn-lint']).status === 0;
console.info(hasLinter ? 'cfn-lint runs' : 'cfn-lint is not installed: its test is skipped');
test.skipIf(!hasLinter)('cfn-lint finds no error', { timeout: 60_000 }, () => {
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
