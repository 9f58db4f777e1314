/** DynamoDB: dynalite, with faults in front of it. */
import { EventEmitter, once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import dynalite from 'dynalite';
import { type Files, openLevel } from '../files.ts';
import { sendJson } from '../http.ts';
import { StartError } from '../settings.ts';
import type { AwsRequest } from './answer.ts';
import type { FaultSwitch } from './faults.ts';

/** An endpoint that ends so sees no fault: the page shows the orders while DynamoDB is down for the Lambdas. */
export const PAST_FAULTS = '/past-faults';
/** An endpoint that ends so sees what is to be put afresh. */
export const LEFT = '/left';
/** An endpoint that ends so sees what has been put afresh. */
export const NEXT = '/next';

const FAULTS = {
  down: { status: 500, code: 'InternalServerError', message: 'Internal server error' },
  throttle: {
    status: 400,
    code: 'ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  },
};
/** Names the folder that has the orders. */
const CURRENT = 'tables';
/** No start has finished yet, so no folder has orders. */
const NONE = 'none';
const FOLDER = /^tables-\d+$/;

interface Tables {
  readonly name: string;
  readonly server: Server;
}

/** @param dataDir undefined to keep nothing. */
export function dynamoDb(dataDir: string | undefined, files: Files, faults: FaultSwitch) {
  const last = dataDir && currentFolder(dataDir, files);
  const opened = (name: string): Tables => {
    const path = dataDir && join(dataDir, name);
    return { name, server: dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }) };
  };
  const remove = (name: string) => dataDir && rmSync(join(dataDir, name), { recursive: true, force: true });
  /** Throws a StartError if the folder is damaged: dynalite would end the process, or begin with an empty one. */
  const reopened = async (name: string): Promise<Tables> => {
    await (await openLevel(files.path(name), false, fixOf(files))).close();
    return opened(name);
  };
  let current: Tables | undefined;
  let next: Tables | undefined;
  let ready: Promise<unknown> = Promise.resolve();
  let answering = 0;

  async function renew(fill: (hasLeft: boolean) => Promise<void>): Promise<void> {
    while (answering > 0) await sleep(1);
    if (last) current ??= await reopened(last);
    const numbers = foldersIn(dataDir).map((name) => Number(name.slice('tables-'.length)));
    const [left, fresh] = [current, opened(`tables-${Math.max(0, ...numbers) + 1}`)];
    try {
      next = fresh;
      await fill(left !== undefined);
      files.write(CURRENT, fresh.name);
      current = fresh;
    } catch (error) {
      if (!left) throw error;
      const name = error instanceof Error ? error.name : 'unknown error';
      throw new StartError(`${files.path(left.name)} cannot be copied: ${name}. ${fixOf(files)}`);
    } finally {
      next = undefined;
      const gone = current === fresh ? left : fresh;
      if (gone) await closed(gone.server);
      if (gone === fresh) remove(fresh.name);
    }
    // A killed start may have left more. All orders are in the fresh one now.
    for (const old of foldersIn(dataDir)) if (old !== fresh.name) remove(old);
  }
  return {
    /**
     * Has `fill` put all of LEFT into NEXT, which then takes its place: on disk is nothing else afterwards, not even
     * what was overwritten. Whoever asks meanwhile waits.
     */
    renewed(fill: (hasLeft: boolean) => Promise<void>): Promise<void> {
      const done = ready.then(() => renew(fill));
      ready = done.catch(() => undefined); // whoever asked for it hears of it
      return done;
    },
    /** Lets go of the files. */
    close: async () => void (current && (await closed(current.server))),
    async answer({ method, path: url, headers, body }: AwsRequest, response: ServerResponse): Promise<void> {
      const [ofLeft, ofNext] = [url.startsWith(LEFT), url.startsWith(NEXT)];
      const fault = ofLeft || ofNext || url.startsWith(PAST_FAULTS) ? null : faults.now().dynamodb;
      if (fault) return refuse(response, fault);
      if (!ofLeft && !ofNext) {
        for (let seen: unknown; seen !== ready; await seen) seen = ready;
        answering += 1;
        response.once('close', () => {
          answering -= 1;
        });
      }
      const tables = ofNext ? next : current;
      if (!tables) return refuse(response, 'down');
      // Not the request itself: dynalite throws when a caller hangs up, and the whole process would end.
      const replay = Object.assign(new EventEmitter(), { method, url, headers });
      tables.server.emit('request', replay, response);
      replay.emit('data', body);
      replay.emit('end');
    },
  };
}

/** The folder that has the orders, undefined if there is none yet. Throws a StartError if it is not certain. */
function currentFolder(dataDir: string, files: Files): string | undefined {
  const [named, folders] = [files.read(CURRENT)?.trim(), foldersIn(dataDir)];
  if (named === NONE) return undefined;
  if (named !== undefined && folders.includes(named)) return named;
  // There are two only while one is copied to the other, so a single one has all orders.
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

/** dynalite closes its files only if it has listened. */
async function closed(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}
