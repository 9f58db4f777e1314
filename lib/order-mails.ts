/** The intake of order mails: SES stores a mail in S3 and notifies the Lambda `order-mail`. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { CfnReceiptRule, ReceiptRuleSet } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import type { OrderMailEnv, WebhookEnv } from '../functions/env.ts';
import { allow, lambda } from './lambda.ts';
import { domainOf } from './sender.ts';
import { deadLetters } from './stores.ts';

/** functions/aws/ses/order-mails.ts has the same prefixes. Mails that are too large for the table are kept below `held/`. */
const [RECEIVED, HELD] = ['received/', 'held/'];

/**
 * CloudFormation cannot activate a rule set, and an account has one active set in a region: a person activates it, or adds
 * the rules to their own. SES encrypts an object by the bucket's settings; with a key in the action it would be unreadable.
 */
export function orderMails(
  stack: Stack,
  { providers }: Catalogue,
  { bundle, environment: shared }: { readonly bundle: string; readonly environment: WebhookEnv },
) {
  const bucket = new Bucket(stack, 'OrderMails', {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    lifecycleRules: [{ prefix: RECEIVED, expiration: Duration.days(30) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const lost = deadLetters(stack, 'LostOrderMails');
  const topic = new Topic(stack, 'OrderMailsTopic', { enforceSSL: true });
  const ses = new ServicePrincipal('ses.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
  });
  topic.grantPublish(ses);
  bucket.grantPut(ses, `${RECEIVED}*`);
  const environment = { ...shared, MAILS_BUCKET: bucket.bucketName } satisfies OrderMailEnv;
  const receiver = lambda(stack, 'OrderMail', {
    ...{ bundle, environment, timeout: Duration.seconds(15) },
    onFailure: new SqsDestination(lost),
  });
  allow(receiver, ['s3:GetObject'], [bucket.arnForObjects(`${RECEIVED}*`)]);
  allow(receiver, ['s3:PutObject'], [bucket.arnForObjects(`${HELD}*`)]);
  topic.addSubscription(new LambdaSubscription(receiver, { deadLetterQueue: lost }));

  const rules = new ReceiptRuleSet(stack, 'OrderMailRules');
  const stores = Object.entries(providers).flatMap(([name, { mail }]) =>
    mail ? [{ name, to: mail.to }] : [],
  );
  for (const { name, to } of stores) {
    const s3Action = { bucketName: bucket.bucketName, objectKeyPrefix: RECEIVED, topicArn: topic.topicArn };
    // The scan adds the verdicts on spam and viruses.
    const rule = {
      enabled: true,
      scanEnabled: true,
      tlsPolicy: 'Require',
      recipients: [to],
      actions: [{ s3Action }],
    };
    const { receiptRuleSetName: ruleSetName } = rules;
    // SES checks that it may write and publish when the rule is created.
    new CfnReceiptRule(stack, `OrderMailRule-${name}`, { ruleSetName, rule }).node.addDependency(
      bucket,
      topic,
    );
  }
  const domains = [...new Set(stores.map(({ to }) => domainOf(to)))];
  const mx = (domain: string) => `${domain} MX 10 inbound-smtp.${stack.region}.amazonaws.com`;
  return {
    receiver,
    lost,
    outputs: {
      ...Object.fromEntries(
        domains.map((domain, at) => [`OrderMailsMx${at === 0 ? '' : at + 1}`, mx(domain)]),
      ),
      OrderMailsRuleSet: rules.receiptRuleSetName,
      OrderMailsBucket: bucket.bucketName,
      OrderMailFunction: receiver.functionName,
      OrderMailsLost: lost.queueUrl,
    },
  };
}
