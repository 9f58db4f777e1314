/**
 * Defines the keys and indexes of the orders table for the stack, `npm start` and the command line. The indexes hold
 * keys only and are sparse: an item without the attributes of an index is not in it.
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

/** The key of the item that is the lease of `redeliver`. */
export const LEASE = 'lease#redeliver';

/** The table of the limits of the buyers' pages. Its items expire. */
export const LIMITS_TABLE = { partitionKey: 'key', timeToLive: 'until' } as const;
