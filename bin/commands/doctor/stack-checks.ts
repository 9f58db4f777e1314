/** Checks of the deployment: the stack, its keys, table, webhook, Lambdas and alarms, and this machine's clock. */
import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import {
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException as NoTable,
} from '@aws-sdk/client-dynamodb';
import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ResourceNotFoundException as NoFunction,
} from '@aws-sdk/client-lambda';
import { ResourceNotFoundException as NoSecret } from '@aws-sdk/client-secrets-manager';
import {
  NotFoundException as NoTopic,
  paginateListSubscriptionsByTopic,
  SNSClient,
} from '@aws-sdk/client-sns';
import { ORDERS_TABLE } from '../../../functions/aws/dynamodb/table.ts';
import { CommandError } from '../cli/failure.ts';
import { productKeyStates, providerKeyStates } from '../keys/state.ts';
import { type Check, type Checks, ifExists } from './context.ts';

export const stack: Check = async ({ names }) => {
  try {
    await names();
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
};

export const productKey =
  (name: string): Check =>
  ({ target, catalogue, productKeys }) =>
    ifExists(NoSecret, NO_SECRET, async () => {
      const states = productKeyStates(target, catalogue, await productKeys());
      return states.find(({ product }) => product === name)?.fault ?? undefined;
    });

export const providerKey =
  (name: string): Check =>
  ({ target, catalogue, providerKeys }) =>
    ifExists(NoSecret, NO_SECRET, async () => {
      const states = providerKeyStates(target, catalogue, await providerKeys());
      return states.find(({ provider }) => provider === name)?.fault ?? undefined;
    });

const NO_SECRET =
  'the secret does not exist; restore it with `aws secretsmanager restore-secret`, which works for some days';

export const table: Check = async ({ target, names }) => {
  const { table: TableName } = await names();
  const cure = `the table ${TableName} does not exist; restore it as docs/runbook.md describes`;
  return ifExists(NoTable, cure, async () => {
    const { Table } = await new DynamoDBClient(target.config).send(new DescribeTableCommand({ TableName }));
    const active = (Table?.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName, IndexStatus }) =>
      IndexStatus === 'ACTIVE' ? (IndexName ?? []) : [],
    );
    const missing = Object.keys(ORDERS_TABLE.indexes).filter((name) => !active.includes(name));
    if (Table?.TableStatus !== 'ACTIVE')
      return `the table ${TableName} is ${Table?.TableStatus}; wait a minute, then run doctor again`;
    return missing.length === 0
      ? undefined
      : `the table has no active index ${missing.join(', ')}; add it with \`npx cdk deploy\``;
  });
};

/** Sends GET, which needs no signature: a webhook that works answers 405. */
export const webhook =
  (name: string): Check =>
  async ({ target, names }) => {
    const redeploy = target.local ? 'restart `npm start`' : 'run `npx cdk deploy`';
    const url = (await names()).webhook(name);
    if (!url) return `the deployed stack does not know ${name}; ${redeploy}`;
    const status = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
      (response) => response.status,
      () => undefined, // The provider would fail too, for the same reason.
    );
    if (status === undefined)
      return `${url} does not answer; ${target.local ? 'check that `npm start` is running' : redeploy}`;
    if (status === 404) return `${url} does not know ${name}; ${redeploy}`;
    return status >= 500 ? `${url} answers ${status}; look for the reason in its log` : undefined;
  };

/** @param output the stack output that holds the name of the Lambda. */
export const lambda =
  (output: string): Check =>
  async ({ target, names }) => {
    const FunctionName = (await names()).output(output);
    const cure = `the Lambda ${FunctionName} does not exist; create it with \`npx cdk deploy\``;
    return ifExists(NoFunction, cure, async () => {
      const { State, LastUpdateStatus, StateReason } = await new LambdaClient(target.config).send(
        new GetFunctionConfigurationCommand({ FunctionName }),
      );
      return State === 'Failed' || LastUpdateStatus === 'Failed'
        ? `the Lambda ${FunctionName} does not run: ${StateReason ?? 'no reason given'}; run \`npx cdk deploy\``
        : undefined;
    });
  };

/** An alarm reaches the seller only if the seller has confirmed the subscription of the topic. */
const alarms: Check = async ({ catalogue, target, names }) => {
  const TopicArn = (await names()).output('AlarmTopic');
  const { alarms: to } = catalogue.seller;
  const subscribe = `\`aws sns subscribe --topic-arn ${TopicArn} --protocol email --notification-endpoint ${to}\` sends a new link`;
  const cure =
    'the topic of the alarms does not exist; delete the alarms that use it, then run `npx cdk deploy`';
  return ifExists(NoTopic, cure, async () => {
    const arns: (string | undefined)[] = [];
    const pages = paginateListSubscriptionsByTopic({ client: new SNSClient(target.config) }, { TopicArn });
    for await (const { Subscriptions = [] } of pages)
      for (const { Endpoint, SubscriptionArn } of Subscriptions)
        if (Endpoint?.toLowerCase() === to.toLowerCase()) arns.push(SubscriptionArn);
    if (arns.some((arn) => arn?.startsWith('arn:'))) return undefined;
    return arns.length > 0
      ? `${to} has not confirmed the alarms; click the link in AWS's mail "Subscription Confirmation"; ${subscribe}`
      : `the alarms are not sent to ${to}; ${subscribe}`;
  });
};

/** An alarm that started before the subscription was confirmed was never mailed. */
const activeAlarms: Check = async ({ target, names }) => {
  const topic = (await names()).output('AlarmTopic');
  const active: string[] = [];
  const pages = paginateDescribeAlarms(
    { client: new CloudWatchClient(target.config) },
    { StateValue: 'ALARM', AlarmTypes: ['MetricAlarm'] },
  );
  for await (const { MetricAlarms = [] } of pages)
    for (const { AlarmActions = [], AlarmDescription = '' } of MetricAlarms)
      if (AlarmActions.includes(topic)) active.push(AlarmDescription);
  return active.length === 0 ? undefined : `these alarms are on: ${active.join(' ')}`;
};

/** A new account may run ten Lambdas at once. A call beyond that is refused, and not every provider repeats it. */
export const concurrency: Check = async ({ target }) => {
  const { AccountLimit } = await new LambdaClient(target.config).send(new GetAccountSettingsCommand({}));
  const limit = AccountLimit?.ConcurrentExecutions ?? 0;
  return limit >= LEAST_CONCURRENCY
    ? undefined
    : `this account may run ${limit} Lambdas at once, and calls beyond that are refused; request ${LEAST_CONCURRENCY} or more as "Concurrent executions" of Lambda in Service Quotas`;
};

/** The checks of what only a deployed stack has. */
export const deployed: Checks = {
  redeliver: lambda('RedeliverFunction'),
  'mail-events': lambda('MailEventsFunction'),
  reconcile: lambda('ReconcileFunction'),
  alarms,
  'active-alarms': activeAlarms,
  concurrency,
};

/** AWS and the webhook refuse requests that were signed at a wrong time. */
export const clock: Check = async ({ target, catalogue, names }) => {
  const { webhook: urlOf } = await names();
  const [url] = Object.keys(catalogue.providers).flatMap((name) => urlOf(name) ?? []);
  if (!url) throw new CommandError('found no deployed webhook, whose Date header would be compared');
  const before = Date.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const after = Date.now();
  const theirs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) throw new CommandError(`${url} sends no valid Date header`);
  // The header has whole seconds and was written between `before` and `after`.
  const off = after < theirs ? theirs - after : Math.max(0, before - theirs - 1_000);
  const side = theirs > before ? 'behind' : 'ahead of';
  return off <= CLOCK_TOLERANCE_MS
    ? undefined
    : `the clock of this machine is ${Math.round(off / 1_000)} s ${side} that of ${target.local ? 'Keypost' : 'AWS'}; set it by network time`;
};

const TIMEOUT_MS = 10_000;
const LEAST_CONCURRENCY = 100;
const CLOCK_TOLERANCE_MS = 60_000;
