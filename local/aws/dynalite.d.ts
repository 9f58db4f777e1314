declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** The times are the milliseconds of a table's state changes. Without `path` the data stays in memory. */
  export default function dynalite(options: {
    readonly path?: string | undefined;
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
    readonly updateTableMs?: number;
  }): Server;
}
