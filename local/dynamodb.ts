/** DynamoDB: dynalite, with faults in front of it. */
import { EventEmitter, once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import dynalite from 'dynalite';
import type { AwsRequest } from './aws-answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Files } from './files.ts';
import { sendJson } from './http.ts';

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
const CURRENT = 'tables';

interface Tables {
  readonly name: string;
  readonly server: Server;
}

/** @param dataDir undefined to keep nothing. */
export function dynamoDb(dataDir: string | undefined, files: Files, faults: FaultSwitch) {
  const last = dataDir === undefined ? undefined : files.read(CURRENT);
  // Those of a process or a start that was killed.
  for (const old of dataDir ? readdirSync(dataDir) : []) {
    if (dataDir && old.startsWith('tables-') && old !== last) rmSync(join(dataDir, old), { recursive: true });
  }
  const opened = (name: string): Tables => {
    const path = dataDir && join(dataDir, name);
    return { name, server: dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }) };
  };
  const drop = async ({ name, server }: Tables) => {
    await closed(server);
    if (dataDir) rmSync(join(dataDir, name), { recursive: true, force: true });
  };
  let current = last === undefined ? undefined : opened(last);
  let next: Tables | undefined;
  let ready: Promise<unknown> = Promise.resolve();
  let answering = 0;

  async function renew(fill: (hasLeft: boolean) => Promise<void>): Promise<void> {
    while (answering > 0) await sleep(1);
    const [left, fresh] = [current, opened(nameAfter(current?.name))];
    try {
      next = fresh;
      await fill(left !== undefined);
      files.write(CURRENT, fresh.name);
      current = fresh;
    } finally {
      next = undefined;
      const gone = current === fresh ? left : fresh;
      if (gone) await drop(gone);
    }
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

const nameAfter = (name: string | undefined): string =>
  `tables-${Number(name?.slice('tables-'.length) ?? 0) + 1}`;

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
