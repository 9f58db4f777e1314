/** Reads the table at the end of a run over HTTP. */
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../../functions/aws/dynamodb/orders.ts';
import { LOCAL_NAMES } from '../../../functions/aws/local-names.ts';
import { wakeAt } from '../../../functions/core/order/due.ts';
import { client } from '../../../local/aws/orders-table.ts';
import type { Aws } from '../world/world.ts';

export async function storedItems(address: string): Promise<Pick<Aws, 'items' | 'due'>> {
  const items: Awaited<ReturnType<typeof fromItem>>[] = [];
  for await (const { Items = [] } of paginateScan(
    { client: client(address) },
    { TableName: LOCAL_NAMES.table },
  )) {
    for (const stored of Items) if (!stored.key?.S?.startsWith('lease#')) items.push(fromItem(stored));
  }
  const due = items.flatMap((item) => {
    const at = item.kind === 'order' ? wakeAt(item) : undefined;
    return at === undefined ? [] : [[item.key, { at: Date.parse(at) }] as const];
  });
  return { items: new Map(items.map((item) => [item.key, { item }])), due: new Map(due) };
}
