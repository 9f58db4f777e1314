/** DynamoDB: dynalite, with faults that can be switched on. */
import { EventEmitter, once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import dynalite from 'dynalite';
import { StartError, sendJson } from '../../bin/commands/cli/http.ts';
import { type Files, openLevel } from '../files.ts';
import type { AwsRequest } from './answer.ts';
import type { FaultSwitch } from './faults.ts';

/** Requests to this path skip the faults: the page shows the orders while DynamoDB is down for the Lambdas. */
export const PAST_FAULTS = '/past-faults';
/** Requests to this path read the old folder during `renew`. */
export const OLD = '/old';
/** Requests to this path reach the new folder during `renew`. */
export const NEW = '/new';

const FAULTS = {
  down: { status: 500, code: 'InternalServerError', message: 'Internal server error' },
  throttle: {
    status: 400,
    code: 'ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  },
};
/** This file names the folder that has the orders. */
const CURRENT = 'tables';
/** This file names the folder that the last process closed. After a kill it does not, and the folder is copied. */
const CLOSED = 'closed';
/** The content of that file before the first start has finished: no folder has orders. */
const NONE = 'none';
const FOLDER = /^tables-\d+$/;

interface Tables {
  readonly name: string;
  readonly server: Server;
}

/** Keeps the data in memory if `dataDir` is undefined. */
export function dynamoDb(dataDir: string | undefined, files: Files, faults: FaultSwitch) {
  const stored = dataDir && currentFolder(dataDir, files);
  const open = (name: string): Tables => {
    const path = dataDir && join(dataDir, name);
    return { name, server: dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }) };
  };
  const remove = (name: string) => dataDir && rmSync(join(dataDir, name), { recursive: true, force: true });
  /** Throws a StartError if the folder is damaged: dynalite would end the process, or create an empty one. */
  const reopen = async (name: string): Promise<Tables> => {
    await (await openLevel(files.path(name), false, fixOf(files))).close();
    return open(name);
  };
  let current: Tables | undefined;
  let next: Tables | undefined;
  let ready: Promise<unknown> = Promise.resolve();
  let answering = 0;

  async function copyToNewFolder(fill: (hasOld: boolean) => Promise<void>): Promise<void> {
    while (answering > 0) await sleep(1);
    if (stored) current ??= await reopen(stored);
    const numbers = foldersIn(dataDir).map((name) => Number(name.slice('tables-'.length)));
    const [old, fresh] = [current, open(`tables-${Math.max(0, ...numbers) + 1}`)];
    try {
      next = fresh;
      await fill(old !== undefined);
      files.write(CURRENT, fresh.name);
      current = fresh;
    } catch (error) {
      if (!old) throw error;
      const name = error instanceof Error ? error.name : 'unknown error';
      throw new StartError(`${files.path(old.name)} cannot be copied: ${name}. ${fixOf(files)}`);
    } finally {
      next = undefined;
      const unused = current === fresh ? old : fresh;
      if (unused) await close(unused.server);
      if (unused === fresh) remove(fresh.name);
    }
    // A killed start may have left more folders. All orders are in the new one now.
    for (const name of foldersIn(dataDir)) if (name !== fresh.name) remove(name);
  }
  return {
    /**
     * Lets `fill` copy everything from OLD to NEW, then replaces the old folder by the new one. Afterwards the disk holds
     * no overwritten or deleted item. Other requests wait meanwhile.
     */
    renew(fill: (hasOld: boolean) => Promise<void>): Promise<void> {
      const done = ready.then(() => copyToNewFolder(fill));
      ready = done.catch(() => undefined); // the caller gets the error
      return done;
    },
    /** Opens the folder as it is. Returns false if the last process has not closed it: only a copy has correct indexes. */
    async reopen(): Promise<boolean> {
      if (!stored || files.read(CLOSED) !== stored) return false;
      current = await reopen(stored);
      files.write(CLOSED, NONE);
      return true;
    },
    /** Closes the files. */
    async close(): Promise<void> {
      if (!current) return;
      await close(current.server);
      files.write(CLOSED, current.name);
    },
    async answer({ method, path: url, headers, body }: AwsRequest, response: ServerResponse): Promise<void> {
      const [isOld, isNew] = [url.startsWith(OLD), url.startsWith(NEW)];
      const fault = isOld || isNew || url.startsWith(PAST_FAULTS) ? null : faults.now().dynamodb;
      if (fault) return refuse(response, fault);
      if (!isOld && !isNew) {
        for (let seen: unknown; seen !== ready; await seen) seen = ready;
        answering += 1;
        response.once('close', () => {
          answering -= 1;
        });
      }
      const tables = isNew ? next : current;
      if (!tables) return refuse(response, 'down');
      // dynalite gets a copy of the request: it throws when the caller hangs up, which would end the process.
      const replay = Object.assign(new EventEmitter(), { method, url, headers });
      tables.server.emit('request', replay, response);
      replay.emit('data', body);
      replay.emit('end');
    },
  };
}

/** Returns the folder that has the orders, undefined if there is none yet. Throws a StartError if this is uncertain. */
function currentFolder(dataDir: string, files: Files): string | undefined {
  const [named, folders] = [files.read(CURRENT)?.trim(), foldersIn(dataDir)];
  if (named === NONE) return undefined;
  if (named !== undefined && folders.includes(named)) return named;
  // Two folders exist only while one is copied to the other, so a single folder has all orders.
  if (folders.length === 1 && !FOLDER.test(named ?? '')) return folders[0];
  if (named === undefined && folders.length === 0) {
    files.write(CURRENT, NONE);
    return undefined;
  }
  const fix = folders.length
    ? `Copy ${dataDir}, because a start deletes the others; then write the name of the one that has the orders into it.`
    : 'Restore the folder from a copy, or delete the file to start without orders.';
  const found = folders.join(', ') || 'no folder';
  throw new StartError(`${files.path(CURRENT)} names no folder that exists, found ${found}. ${fix}`);
}

const foldersIn = (dataDir: string | undefined): string[] =>
  dataDir ? readdirSync(dataDir).filter((name) => FOLDER.test(name)) : [];

const fixOf = (files: Files): string =>
  `Restore the folder from a copy; to start without its orders, delete it and ${files.path(CURRENT)}.`;

function refuse(response: ServerResponse, fault: keyof typeof FAULTS): void {
  const { status, code, message } = FAULTS[fault];
  sendJson(response, status, { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message });
}

/** Listens first, because dynalite closes its files only if it has listened. */
async function close(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}
