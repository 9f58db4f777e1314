/** What has to be right before the first sale, one small check each. */
import {
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException as NoTable,
} from '@aws-sdk/client-dynamodb';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ResourceNotFoundException as NoFunction,
} from '@aws-sdk/client-lambda';
import { ResourceNotFoundException as NoSecret } from '@aws-sdk/client-secrets-manager';
import { ORDERS_TABLE } from '../../../functions/aws/table.ts';
import type { Catalogue } from '../../../functions/core/catalogue/catalogue.ts';
import { CommandError } from '../cli/failure.ts';
import { type Entries, readSecret } from '../cli/secret.ts';
import type { Names, Target } from '../cli/target.ts';
import { productKeyStates, providerKeyStates } from '../keys/state.ts';
import { alarms } from './alarm-check.ts';
import { clock } from './clock-check.ts';
import { dmarc } from './dmarc-check.ts';
import { senderChecks } from './sender-checks.ts';

/** What a check may look at; each part is asked for once. */
export interface Desk {
  readonly catalogue: Catalogue;
  readonly target: Target;
  names(): Promise<Names>;
  productKeys(): Promise<Entries>;
  providerKeys(): Promise<Entries>;
}

/** Answers what is wrong and what would do, undefined where nothing is; throws where nobody can tell. */
export type Check = (desk: Desk) => Promise<string | undefined>;
export type Checks = Readonly<Record<string, Check>>;

export function deskOf(catalogue: Catalogue, target: Target): Desk {
  const names = once(() => target.names());
  const productKeys = once(async () => readSecret(target, (await names()).productKeys));
  const providerKeys = once(async () => readSecret(target, (await names()).providerKeys));
  return { catalogue, target, names, productKeys, providerKeys };
}

function once<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let asked: Promise<Value> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}

/** On one machine there is no stack, and no Lambda but behind the webhook's address. */
export function checksFor({ catalogue: { products, providers }, target: { local } }: Desk): Checks {
  const each = (names: object, what: string, check: (name: string) => Check) =>
    Object.fromEntries(Object.keys(names).map((name) => [`${what} ${name}`, check(name)]));
  return {
    ...(local ? {} : { stack }),
    ...senderChecks,
    ...each(products, 'product-key', productKey),
    ...each(providers, 'provider-key', providerKey),
    table,
    ...each(providers, 'webhook', webhook),
    clock,
    ...(local ? {} : onAws),
  };
}

const onAws: Checks = {
  redeliver: (desk) => lambda('RedeliverFunction')(desk),
  'mail-events': (desk) => lambda('MailEventsFunction')(desk),
  reconcile: (desk) => lambda('ReconcileFunction')(desk),
  alarms,
  dmarc,
};

async function stack({ names }: Desk): Promise<string | undefined> {
  try {
    await names();
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

const productKey =
  (name: string): Check =>
  ({ target, catalogue, productKeys }) =>
    faultOf(async () =>
      productKeyStates(target, catalogue, await productKeys()).find(({ product }) => product === name),
    );

const providerKey =
  (name: string): Check =>
  ({ target, catalogue, providerKeys }) =>
    faultOf(async () =>
      providerKeyStates(target, catalogue, await providerKeys()).find(({ provider }) => provider === name),
    );

async function faultOf(stateOf: () => Promise<{ readonly fault: string | null } | undefined>) {
  try {
    return (await stateOf())?.fault ?? undefined;
  } catch (error) {
    if (error instanceof NoSecret)
      return `the secret is gone; \`aws secretsmanager restore-secret\` brings it back for some days`;
    throw error;
  }
}

async function table({ target, names }: Desk): Promise<string | undefined> {
  const { table: TableName } = await names();
  try {
    const { Table } = await new DynamoDBClient(target.config).send(new DescribeTableCommand({ TableName }));
    const active = (Table?.GlobalSecondaryIndexes ?? []).flatMap(({ IndexName, IndexStatus }) =>
      IndexStatus === 'ACTIVE' ? (IndexName ?? []) : [],
    );
    const missing = Object.keys(ORDERS_TABLE.indexes).filter((name) => !active.includes(name));
    if (Table?.TableStatus !== 'ACTIVE')
      return `the table ${TableName} is ${Table?.TableStatus}; wait a minute`;
    return missing.length === 0
      ? undefined
      : `the table has no index ${missing.join(', ')} yet; \`npx cdk deploy\` adds it`;
  } catch (error) {
    if (error instanceof NoTable)
      return `the table ${TableName} is gone; docs/runbook.md says how to restore it`;
    throw error;
  }
}

/** It needs no signature to be told that GET is not what is wanted. */
const webhook =
  (name: string): Check =>
  async ({ target, names }) => {
    const deploy = target.local ? 'start `npm start` again' : '`npx cdk deploy` puts it right';
    const url = (await names()).webhook(name);
    if (!url) return `what is deployed does not know ${name}; ${deploy}`;
    const status = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
      (answer) => answer.status,
      () => undefined, // whatever the reason, the provider would fare alike
    );
    if (status === undefined)
      return `nothing answers at ${url}; ${target.local ? 'is `npm start` running?' : deploy}`;
    if (status === 404) return `${url} does not know ${name}; ${deploy}`;
    return status >= 500 ? `${url} answers ${status}; its log says why` : undefined;
  };

/** @param output the name under which the stack says that of the Lambda. */
const lambda =
  (output: string): Check =>
  async ({ target, names }) => {
    const FunctionName = (await names()).output(output);
    try {
      const command = new GetFunctionConfigurationCommand({ FunctionName });
      const {
        State,
        LastUpdateStatus,
        StateReason = '',
      } = await new LambdaClient(target.config).send(command);
      const broken = State === 'Failed' || LastUpdateStatus === 'Failed';
      return broken
        ? `the Lambda ${FunctionName} does not run: ${StateReason}; \`npx cdk deploy\` puts it right`
        : undefined;
    } catch (error) {
      if (error instanceof NoFunction)
        return `the Lambda ${FunctionName} is gone; \`npx cdk deploy\` makes it again`;
      throw error;
    }
  };
