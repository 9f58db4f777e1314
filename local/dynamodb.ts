/** DynamoDB: dynalite, with faults in front of it. */
import { readdirSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import dynalite from 'dynalite';
import type { AwsRequest } from './aws-answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Files } from './files.ts';
import { sendJson } from './http.ts';

/** An endpoint that ends so sees no fault: the page shows the orders while DynamoDB is down for the Lambdas. */
export const PAST_FAULTS = '/past-faults';
/** An endpoint that ends so sees what the last process left. */
export const LEFT = '/left';

const FAULTS = {
  down: { status: 500, code: 'InternalServerError', message: 'Internal server error' },
  throttle: {
    status: 400,
    code: 'ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  },
};
const CURRENT = 'tables';
const TIMES = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };

/** @param dataDir undefined to keep nothing. */
export function dynamoDb(dataDir: string | undefined, files: Files, faults: FaultSwitch) {
  const last = dataDir === undefined ? undefined : files.read(CURRENT);
  const name = `tables-${Number(last?.slice('tables-'.length) ?? 0) + 1}`;
  // Those of processes before the last, and of a start that was killed.
  for (const old of dataDir ? readdirSync(dataDir) : []) {
    if (dataDir && old.startsWith('tables-') && old !== last) rmSync(join(dataDir, old), { recursive: true });
  }
  const tables = dynalite({ path: dataDir && join(dataDir, name), ...TIMES });
  const left = dataDir && last ? dynalite({ path: join(dataDir, last), ...TIMES }) : undefined;
  return {
    /** Whether a process before this one has left anything. */
    hasLeft: left !== undefined,
    /** What it left is in place here, and is not needed any more. */
    taken: () => files.write(CURRENT, name),
    answer({ method, path: url, headers, body }: AwsRequest, response: ServerResponse): void {
      const fault = url.startsWith(PAST_FAULTS) || url.startsWith(LEFT) ? null : faults.now().dynamodb;
      if (fault) {
        const { status, code, message } = FAULTS[fault];
        sendJson(response, status, { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message });
        return;
      }
      // Not the request itself: dynalite throws when a caller hangs up, and the whole process would end.
      const replay = Object.assign(Readable.from([body]), { method, url, headers });
      (url.startsWith(LEFT) && left ? left : tables).emit('request', replay, response);
    },
  };
}
