/** The stack: the resources that process an order, and the permissions of each Lambda. */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import type { MailEventsEnv, RedeliverEnv, WebhookEnv } from '../functions/env.ts';
import { alarms } from './alarms.ts';
import type { Bundles } from './build/bundle.ts';
import { dashboard } from './dashboard.ts';
import { allow, generatorLambda, lambda } from './lambda.ts';
import { mailEventsTo } from './mail-feedback.ts';
import { operator } from './operator.ts';
import { orderMails } from './order-mails.ts';
import { buyerPages } from './pages.ts';
import { identity, mailing, maySend } from './sender.ts';
import { orderTable, secret } from './stores.ts';
import { webhookApi } from './webhook-api.ts';

interface KeypostProps {
  readonly catalogue: Catalogue;
  readonly bundles: Bundles;
}

export class KeypostStack extends Stack {
  constructor(scope: Construct, id: string, { catalogue, bundles }: KeypostProps) {
    super(scope, id, {
      description: "Keypost: a paid order becomes a serial in the buyer's inbox",
      terminationProtection: catalogue.protect ?? false,
    });
    const { seller, providers, runbook = 'docs/runbook.md' } = catalogue;
    const table = orderTable(this);
    const productKeys = secret(this, 'ProductKeys', 'By product, the versions of its key');
    const providerKeys = secret(this, 'ProviderKeys', 'By provider, its signing keys');
    const mails = mailing(this);
    const namespace = `Keypost/${this.stackName}`;
    const generator = bundles.generate && generatorLambda(this, bundles.generate);
    const sending = {
      TABLE: table.tableName,
      CONFIGURATION_SET: mails.configurationSetName,
      NAMESPACE: namespace,
      PRODUCT_KEYS: productKeys.secretArn,
      KEYS_CACHED_SECONDS: '300',
      ...(generator ? { GENERATE: generator.functionName } : {}),
    } satisfies RedeliverEnv;
    const receiving = { ...sending, PROVIDER_KEYS: providerKeys.secretArn } satisfies WebhookEnv;

    const webhook = lambda(this, 'Webhook', {
      bundle: bundles.webhook,
      timeout: Duration.seconds(10),
      environment: receiving,
    });
    const bundle = bundles['order-mail'];
    const intake =
      bundle === undefined ? undefined : orderMails(this, catalogue, { bundle, environment: receiving });
    const receivers = intake ? [intake.receiver] : [];

    // The schedule runs again soon: a retry of a failed run would only overlap with the next one.
    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    const redeliver = lambda(this, 'Redeliver', {
      bundle: bundles.redeliver,
      timeout: Duration.minutes(15),
      environment: receiving,
      ...once,
    });
    allow(redeliver, ['dynamodb:Query'], [`${table.tableArn}/index/due`, `${table.tableArn}/index/held`]);
    allow(redeliver, ['ses:GetSendQuota'], ['*']);
    new Rule(this, 'EachMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new targets.LambdaFunction(redeliver, once)],
    });

    const mailEvents = lambda(this, 'MailEvents', {
      bundle: bundles['mail-events'],
      timeout: Duration.seconds(10),
      environment: { TABLE: table.tableName, NAMESPACE: namespace } satisfies MailEventsEnv,
    });
    allow(mailEvents, ['dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn]);
    const lostEvents = mailEventsTo(mailEvents, mails);

    const reconcile = lambda(this, 'Reconcile', {
      bundle: bundles.reconcile,
      timeout: Duration.minutes(15),
      environment: receiving,
      ...once,
    });
    new Rule(this, 'EachHour', {
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [new targets.LambdaFunction(reconcile, once)],
    });
    const takers = [webhook, redeliver, reconcile, ...receivers];
    for (const taker of takers) {
      allow(taker, ['dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn]);
      allow(taker, ['secretsmanager:GetSecretValue'], [productKeys.secretArn, providerKeys.secretArn]);
      maySend(taker, seller, mails);
    }

    const desk = operator(this, table, { bundle: bundles.operator, environment: receiving });
    allow(desk.lambda, ['secretsmanager:GetSecretValue'], [productKeys.secretArn, providerKeys.secretArn]);

    const buyers =
      bundles.pages === undefined
        ? undefined
        : buyerPages(this, catalogue, { bundle: bundles.pages, sending, table, redeliver });
    if (buyers) maySend(buyers.pages, seller, mails);
    const pages = buyers ? [buyers.pages] : [];
    const senders = [...takers, ...pages];
    for (const maker of [...senders, desk.lambda])
      if (generator) allow(maker, ['lambda:InvokeFunction'], [generator.functionArn]);

    const { api, accessLog, address } = webhookApi(this, { webhook, pages: buyers?.pages }, catalogue);
    if (buyers) for (const sender of senders) sender.addEnvironment('PAGES', address);
    const others = [redeliver, mailEvents, reconcile, desk.lambda];
    const workers = [...others, ...receivers, ...(generator ? [generator] : []), ...pages];
    const lost = [lostEvents, ...(intake ? [intake.lost] : [])];
    const monitored = { namespace, api, accessLog, webhook, workers, lost, hasPages: buyers !== undefined };
    const topic = alarms(this, seller.alarms, runbook, monitored);
    const outputs = {
      ...webhookAddresses(
        address,
        Object.keys(providers).filter((name) => !providers[name]?.mail),
      ),
      ProductKeysSecret: productKeys.secretName,
      ProviderKeysSecret: providerKeys.secretName,
      OrdersTable: table.tableName,
      WebhookFunction: webhook.functionName,
      RedeliverFunction: redeliver.functionName,
      MailEventsFunction: mailEvents.functionName,
      MailEventsLost: lostEvents.queueUrl,
      ReconcileFunction: reconcile.functionName,
      ...(generator && { GenerateFunction: generator.functionName }),
      ConfigurationSet: mails.configurationSetName,
      AlarmTopic: topic.topicArn,
      AccessLog: accessLog.logGroupName,
      ...(catalogue.dashboard && { Dashboard: dashboard(this, monitored) }),
      ...identity(this, seller),
      ...intake?.outputs,
      ...desk.outputs,
      ...(buyers && { ...buyers.outputs, PagesAddress: `${address}/licences` }),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}

/** Returns the address for each provider, under the output name `WebhookNAME`. */
const webhookAddresses = (endpoint: string, providers: readonly string[]) =>
  Object.fromEntries(providers.map((name) => [`Webhook${capitalise(name)}`, `${endpoint}/orders/${name}`]));

/** Turns `own-shop` into `Own-Shop`; CDK removes the hyphen from an output's name. */
const capitalise = (name: string) => name.replaceAll(/\b\w/g, (letter) => letter.toUpperCase());
