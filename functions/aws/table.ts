/**
 * The orders' table: its keys and indexes stand here once, for the stack, `npm start` and the command line. Every
 * index holds keys only; an item without an index's attributes is not in it.
 */
export const ORDERS_TABLE = {
  partitionKey: 'key',
  indexes: {
    due: { partition: { name: 'dueShard', type: 'N' }, sort: { name: 'dueAt', type: 'S' } },
    held: { partition: { name: 'held', type: 'S' }, sort: { name: 'heldAt', type: 'S' } },
    byDay: { partition: { name: 'day', type: 'S' }, sort: { name: 'receivedAt', type: 'S' } },
    byEmail: { partition: { name: 'email', type: 'S' }, sort: { name: 'receivedAt', type: 'S' } },
  },
} as const;
