/** The stores of orders and keys, which outlive the stack, and of the events that failed. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { ORDERS_TABLE } from '../functions/aws/dynamodb/table.ts';

const TYPES = { S: AttributeType.STRING, N: AttributeType.NUMBER };

/**
 * A rolled-back creation leaves the table, which is protected from deletion, and whose name is generated.
 * Creates all indexes in the first deployment, because CloudFormation later adds only one per update.
 */
export function orderTable(stack: Stack): Table {
  const table = new Table(stack, 'Orders', {
    partitionKey: { name: ORDERS_TABLE.partitionKey, type: TYPES.S },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const [indexName, { partition, sort }] of Object.entries(ORDERS_TABLE.indexes))
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: { name: partition.name, type: TYPES[partition.type] },
      sortKey: { name: sort.name, type: TYPES[sort.type] },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  return table;
}

/**
 * Creates a secret without any key: `_unused` cannot be the name of a product or provider. `generateSecretString` must
 * never change, because CloudFormation replaces the value when it does:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
 */
export const secret = (stack: Stack, id: string, description: string): Secret =>
  new Secret(stack, id, {
    description,
    generateSecretString: { secretStringTemplate: '{}', generateStringKey: '_unused' },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });

/** A dead-letter queue. */
export const deadLetters = (stack: Stack, id: string): Queue =>
  new Queue(stack, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
