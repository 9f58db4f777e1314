import { DescribeTableCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../../functions/aws/orders.ts';
import type { Item } from '../../../functions/core/order/order.ts';
import type { Table } from './table.ts';

/** The whole table, page by page, as it is at the moment: DynamoDB bills each item that is read. */
export async function* everyItem(
  { client, name }: Table,
  show: (part: number) => void = () => undefined,
): AsyncGenerator<readonly Item[]> {
  // As of some hours ago: good enough for a bar.
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  let read = 0;
  for await (const { Items = [] } of paginateScan({ client }, { TableName: name, ConsistentRead: true })) {
    read += Items.length;
    // The lease of `redeliver` is no order.
    yield Items.map(fromItem).filter(({ key }) => !key.startsWith('lease#'));
    show(Math.min(1, read / (Table?.ItemCount || read)));
  }
}
