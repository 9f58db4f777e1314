/** The resources that outlive the stack: orders and keys. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ORDERS_TABLE } from '../functions/aws/table.ts';

/** Repeats ORDERS_TABLE, because `lib` imports types only. A difference does not compile. */
const ORDERS = {
  partitionKey: 'key',
  indexes: {
    due: { partition: { name: 'dueShard', type: 'N' }, sort: { name: 'dueAt', type: 'S' } },
    held: { partition: { name: 'held', type: 'S' }, sort: { name: 'heldAt', type: 'S' } },
    byDay: { partition: { name: 'day', type: 'S' }, sort: { name: 'receivedAt', type: 'S' } },
    byEmail: { partition: { name: 'email', type: 'S' }, sort: { name: 'receivedAt', type: 'S' } },
  },
} as const satisfies typeof ORDERS_TABLE;

const TYPES = { S: AttributeType.STRING, N: AttributeType.NUMBER };

/**
 * A rolled-back creation leaves the table, which is protected from deletion, and whose name is generated.
 * Creates all indexes in the first deployment, because CloudFormation later adds only one per update.
 */
export function orderTable(stack: Stack): Table {
  const table = new Table(stack, 'Orders', {
    partitionKey: { name: ORDERS.partitionKey, type: TYPES.S },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const [indexName, { partition, sort }] of Object.entries(ORDERS.indexes)) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: { name: partition.name, type: TYPES[partition.type] },
      sortKey: { name: sort.name, type: TYPES[sort.type] },
      projectionType: ProjectionType.KEYS_ONLY,
    });
  }
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
