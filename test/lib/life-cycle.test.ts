/** The resources that a rolled-back creation and a deleted stack leave, and the alarms of each Lambda, for every kind of catalogue. */
import { rmSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { CatalogueSettings } from '../../functions/core/catalogue/catalogue.ts';
import { stackOf } from './stack-of.ts';

const CATALOGUES: Readonly<Record<string, Partial<CatalogueSettings>>> = {
  'records to copy': {},
  'an existing identity': { seller: { ...sellerWith('existing') } },
  'a Route 53 zone': {
    seller: { ...sellerWith({ zone: { id: 'Z0123456789EXAMPLE', name: 'example.com' } }) },
  },
  'a domain of its own and a dashboard': {
    api: { domain: 'hooks.example.com', certificate: 'arn:aws:acm:us-east-1:1:certificate/1' },
    dashboard: true,
  },
  'a program': {
    products: {
      keygen: {
        name: 'Keygen',
        serial: {
          kind: 'program',
          file: 'keygen.wasm',
          vectors: [
            { name: 'Jane', serial: '1' },
            { name: 'Joe', serial: '2' },
          ],
        },
        skus: { shop: ['keygen'] },
      },
    },
  },
  'protection and another name': { protect: true, stack: 'KeypostTwo' },
};

function sellerWith(identity: CatalogueSettings['seller']['identity']) {
  const from = 'orders@widgets.example.com';
  return { name: 'Widget Works', from, replyTo: from, alarms: from, identity };
}

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.enum(['Delete', 'Retain', 'RetainExceptOnCreate']).default('Delete'),
});

/** The properties that fix a resource's name: a second creation fails while the first one exists. */
const NAMES: Readonly<Record<string, string>> = {
  'AWS::SES::EmailIdentity': 'EmailIdentity',
  'AWS::Route53::RecordSet': 'Name',
  'AWS::ApiGatewayV2::DomainName': 'DomainName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::SES::ConfigurationSet': 'Name',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
};

describe.each(Object.entries(CATALOGUES))('with %s', (_, settings) => {
  const { stack, folder } = stackOf(settings);
  const { Resources } = z
    .object({ Resources: z.record(z.string(), Resource) })
    .parse(Template.fromStack(stack).toJSON());
  rmSync(folder, { recursive: true });
  const all = Object.entries(Resources).map(([id, resource]) => ({ id, ...resource }));
  const typesWith = (policies: readonly string[]) => [
    ...new Set(all.flatMap(({ Type, DeletionPolicy }) => (policies.includes(DeletionPolicy) ? Type : []))),
  ];
  const kept = [
    'AWS::DynamoDB::Table',
    'AWS::SecretsManager::Secret',
    ...(settings.seller?.identity === 'existing' ? [] : ['AWS::SES::EmailIdentity']),
    ...(typeof settings.seller?.identity === 'object' ? ['AWS::Route53::RecordSet'] : []),
  ];

  test('no resource has both a fixed name and plain Retain', () => {
    const fixed = all.filter(({ Type, Properties }) => Properties[NAMES[Type] ?? ''] !== undefined);
    expect(fixed.filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')).toEqual([]);
  });

  test('a rolled-back creation leaves the table only, and a deleted stack its data and its sender', () => {
    expect(typesWith(['Retain'])).toEqual(['AWS::DynamoDB::Table']);
    expect(typesWith(['Retain', 'RetainExceptOnCreate']).sort()).toEqual([...kept].sort());
  });

  test('every Lambda is in an error alarm', () => {
    const lambdas = all.flatMap(({ id, Type }) => (Type === 'AWS::Lambda::Function' ? id : []));
    const alarms = all.flatMap(({ Type, Properties }) =>
      Type === 'AWS::CloudWatch::Alarm' ? JSON.stringify(Properties) : [],
    );
    const watched = lambdas.filter((id) =>
      alarms.some((alarm) => alarm.includes('"Errors"') && alarm.includes(`{"Ref":"${id}"}`)),
    );
    expect(watched).toEqual(lambdas);
  });

  test('every alarm watches resources of this stack', () => {
    for (const { Type, Properties } of all) {
      if (Type !== 'AWS::CloudWatch::Alarm') continue;
      const refs = [...JSON.stringify(Properties).matchAll(/"Ref":"([^"]+)"/g)].map(([, id = '']) => id);
      expect(refs.filter((id) => !id.startsWith('AWS::') && !(id in Resources))).toEqual([]);
    }
  });

  test('every alarm reaches the seller and links to an article', () => {
    for (const { Type, Properties } of all)
      if (Type === 'AWS::CloudWatch::Alarm')
        expect(Properties).toMatchObject({
          AlarmActions: [{ Ref: expect.stringMatching(/^Alarms/) }],
          AlarmDescription: expect.stringMatching(/\S#[a-z-]+$/),
        });
  });

  test('no Lambda logs in a format in which CloudWatch finds no metric', () => {
    for (const { Type, Properties } of all)
      if (Type === 'AWS::Lambda::Function')
        expect(Object.keys(z.object({}).loose().parse(Properties.LoggingConfig))).toEqual(['LogGroup']);
  });

  test('the stack is protected from deletion only if the catalogue says so', () => {
    expect(stack.terminationProtection).toBe(settings.protect ?? false);
    expect(stack.stackName).toBe(settings.stack ?? 'Keypost');
  });
});
