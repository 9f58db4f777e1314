/** The intake of mails in the template: it exists only with a mail store, and no one but SES may write to it. */
import { rmSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { hasMailStore } from '../../functions/core/catalogue/catalogue.ts';
import { catalogueWith } from '../fixtures/catalogue.ts';
import { MAIL_SETTINGS } from '../fixtures/order-mails.ts';
import { stackOf } from './stack-of.ts';

const Shape = z.object({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      DeletionPolicy: z.string().optional(),
      Properties: z.any().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
});
function templateOf(settings: Parameters<typeof stackOf>[0]) {
  const { stack, folder } = stackOf(settings);
  const template = Shape.parse(Template.fromStack(stack).toJSON());
  rmSync(folder, { recursive: true });
  return template;
}
const { Resources, Outputs } = templateOf(MAIL_SETTINGS);
const ofType = (type: string) => Object.values(Resources).filter(({ Type }) => Type === type);
const statements = Object.values(Resources).flatMap(
  ({ Properties }) => Properties?.PolicyDocument?.Statement ?? [],
);

test('without a mail store the stack has nothing of it', () => {
  expect(hasMailStore(catalogueWith())).toBe(false);
  const without = templateOf({});
  const types = Object.values(without.Resources).map(({ Type }) => Type);
  expect(types.filter((type) => /S3|Receipt/.test(type))).toEqual([]);
  expect(Object.keys(without.Outputs).filter((name) => name.includes('OrderMail'))).toEqual([]);
});

describe('with mail stores', () => {
  test('each has a rule that scans, requires TLS, and stores the mail', () => {
    const rules = ofType('AWS::SES::ReceiptRule').map(({ Properties }) => Properties.Rule);
    expect(rules.map(({ Recipients }) => Recipients)).toEqual(
      Object.values(MAIL_SETTINGS.providers).map(({ mail }) => [mail?.to]),
    );
    for (const rule of rules)
      expect(rule).toMatchObject({
        ...{ Enabled: true, ScanEnabled: true, TlsPolicy: 'Require' },
        Actions: [{ S3Action: { ObjectKeyPrefix: 'received/', TopicArn: expect.anything() } }],
      });
  });

  test('the bucket is encrypted, private, kept, and deletes a received mail after 30 days', () => {
    const [bucket, ...others] = ofType('AWS::S3::Bucket');
    expect(others).toEqual([]);
    expect(bucket).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        BucketEncryption: { ServerSideEncryptionConfiguration: [expect.anything()] },
        LifecycleConfiguration: {
          Rules: [{ ExpirationInDays: 30, Prefix: 'received/', Status: 'Enabled' }],
        },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      },
    });
  });

  test('only SES of this account may write mails and publish that it did', () => {
    const bySes = statements.filter(({ Principal }) => Principal?.Service === 'ses.amazonaws.com');
    const account = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
    expect(bySes.map(({ Action, Condition }) => [Action, Condition])).toEqual(
      expect.arrayContaining([
        ['sns:Publish', account],
        [expect.arrayContaining(['s3:PutObject']), account],
      ]),
    );
    expect(bySes).toHaveLength(3);
  });

  test('the Lambda reads received mails, keeps large ones, and loses none: its failures raise an alarm', () => {
    const s3 = statements.filter(({ Action }) => /^s3:(?:Get|Put)Object$/.test(String(Action)));
    expect(s3.map(({ Action, Resource }) => [Action, Resource['Fn::Join'][1].at(-1)])).toEqual([
      ['s3:GetObject', '/received/*'],
      ['s3:PutObject', '/held/*'],
    ]);
    const [config] = ofType('AWS::Lambda::EventInvokeConfig').filter(
      ({ Properties }) => Properties.DestinationConfig?.OnFailure,
    );
    expect(config).toBeDefined();
    const alarm = Object.entries(Resources).find(([id]) => id.startsWith('WorkerErrors'))?.[1];
    expect(JSON.stringify(alarm)).toContain('ApproximateNumberOfMessagesVisible');
  });

  test('the outputs have the MX record, the rule set, and no webhook address of a mail store', () => {
    expect(Outputs.OrderMailsMx?.Value).toEqual({
      'Fn::Join': ['', ['in.fernhill.example MX 10 inbound-smtp.', { Ref: 'AWS::Region' }, '.amazonaws.com']],
    });
    expect(Outputs.OrderMailsRuleSet).toBeDefined();
    expect(Object.keys(Outputs).filter((name) => name.startsWith('Webhook'))).toEqual(['WebhookFunction']);
  });
});
