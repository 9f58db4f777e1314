/** The buyers' pages: a Lambda, the table of its limits, and the secret of its links and claim codes. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { LIMITS_TABLE } from '../functions/aws/dynamodb/table.ts';
import { type Catalogue, CatalogueError } from '../functions/core/catalogue/catalogue.ts';
import type { PagesEnv, RedeliverEnv } from '../functions/env.ts';
import { allow, lambda } from './lambda.ts';

/** The caller lets the Lambda send mail and adds the address of the pages to what sends mails. */
export function buyerPages(
  stack: Stack,
  { pages: settings, api }: Catalogue,
  shared: {
    readonly bundle: string;
    readonly sending: RedeliverEnv;
    readonly table: Table;
    readonly redeliver: Lambda;
  },
) {
  const { bundle, sending, table, redeliver } = shared;
  if (!api && !settings?.domain)
    throw new CatalogueError([
      "pages: found no domain; write api: { domain, certificate }, or pages: { domain: 'aws' }, whose address changes with a new stack",
    ]);
  const keys = new Secret(stack, 'KeypostKeys', {
    description: "By number, the keys of buyers' links and claim codes",
    // This must never change: CloudFormation would replace the value, and all claim codes would be invalid.
    generateSecretString: {
      secretStringTemplate: '{}',
      generateStringKey: '1',
      passwordLength: 64,
      excludePunctuation: true,
    },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  const limits = new Table(stack, 'Limits', {
    partitionKey: { name: LIMITS_TABLE.partitionKey, type: AttributeType.STRING },
    timeToLiveAttribute: LIMITS_TABLE.timeToLive,
    billingMode: BillingMode.PAY_PER_REQUEST,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const needsKeys = settings?.codes || settings?.corrections;
  const { PRODUCT_KEYS, ...others } = sending;
  const environment: Omit<PagesEnv, 'PAGES' | 'PRODUCT_KEYS'> = {
    ...others,
    ...(needsKeys ? { PRODUCT_KEYS } : {}),
    KEYPOST_KEYS: keys.secretArn,
    LIMITS: limits.tableName,
  };
  const pages = lambda(stack, 'Pages', { bundle, timeout: Duration.seconds(20), environment });
  allow(pages, ['dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn]);
  allow(pages, ['dynamodb:UpdateItem'], [limits.tableArn]);
  allow(pages, ['secretsmanager:GetSecretValue'], [keys.secretArn, ...(needsKeys ? [PRODUCT_KEYS] : [])]);
  redeliver.addEnvironment('KEYPOST_KEYS', keys.secretArn);
  allow(redeliver, ['secretsmanager:GetSecretValue'], [keys.secretArn]);
  // Only a buyer's request is ever deleted.
  allow(redeliver, ['dynamodb:DeleteItem'], [table.tableArn], {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['request#*'] },
  });
  for (const reader of [pages, redeliver])
    allow(reader, ['dynamodb:Query'], [`${table.tableArn}/index/byEmail`]);
  return { pages, outputs: { KeypostKeysSecret: keys.secretName, PagesFunction: pages.functionName } };
}
