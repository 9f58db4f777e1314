/** The embedded AWS: five services at one address, distinguished by the headers and paths of their requests. */
import type { ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { type Handler, readBody, sendJson } from '../../bin/commands/cli/http.ts';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import type { Generate } from '../../functions/core/serial/program.ts';
import type { Files } from '../files.ts';
import type { Lambda } from '../lambdas/gateway.ts';
import type { AwsAnswer, Broken } from './answer.ts';
import { dynamoDb } from './dynamodb.ts';
import { faultSwitch } from './faults.ts';
import { openMails } from './mails.ts';
import { objectStore } from './s3.ts';
import { secretsManager } from './secrets-manager.ts';
import { sesV1 } from './ses.ts';
import { type OwnAccount, sesAccount, sesV2 } from './ses-account.ts';
import { sesEvents } from './ses-events.ts';

/** A mail of 10 MB grows in a form: base64 adds a third, and escaping triples each `+` and `/`. */
const MOST_BYTES = 32 * 1024 * 1024;
const SILENCE_MS = 30_000;

export function embeddedAws(
  dataDir: string | undefined,
  files: Files,
  own: OwnAccount & { readonly generate?: Generate | undefined },
) {
  const faults = faultSwitch(files);
  const mails = openMails(files, 'mails.jsonl');
  const sellerMails = openMails(files, 'seller-mails.jsonl');
  const account = sesAccount(files, mails, faults, own);
  const secrets = secretsManager(files, faults);
  const events = sesEvents();
  const objects = objectStore();
  const tables = dynamoDb(dataDir, files, faults);
  const [v1, v2] = [sesV1(account, { mails, sellerMails }, faults, events.publish), sesV2(account, faults)];
  let invoke: Lambda = async () => undefined;
  const handler: Handler = async (incoming, response) => {
    const body = await readBody(incoming, MOST_BYTES);
    if (!body) return sendJson(response, 413, { message: 'Request Entity Too Large' });
    const { method = 'GET', url: path = '/', headers } = incoming;
    const request = { method, path, headers, body };
    const target = String(headers['x-amz-target'] ?? '');
    if (target.startsWith('DynamoDB_')) return tables.answer(request, response);
    if (target.startsWith('secretsmanager.')) return send(response, secrets.answer(request));
    if (/\/s3\/aws4_request/.test(headers.authorization ?? ''))
      return send(response, objects.answer(request));
    if (path.startsWith('/2015-03-31/functions/')) {
      const event: unknown = JSON.parse(body.toString());
      const invokedFunctionArn = decodeURIComponent(path.split('/')[3] ?? '');
      if (invokedFunctionArn.includes(LOCAL_NAMES.operator)) {
        const result = await invoke(event, { invokedFunctionArn }).catch((error: unknown) => {
          console.error(error);
          response.setHeader('x-amz-function-error', 'Unhandled');
          return { errorType: error instanceof Error ? error.name : 'Error' };
        });
        return sendJson(response, 200, result);
      }
      const { product, input } = Invocation.parse(event);
      return sendJson(response, 200, await own.generate?.(product, Buffer.from(input, 'base64')));
    }
    send(response, path.startsWith('/v2/') ? v2(request) : await v1(request));
  };
  /** @param lambda performs the manual actions. */
  const operateBy = (lambda: Lambda) => {
    invoke = lambda;
  };
  return { handler, operateBy, faults, mails, sellerMails, events, secrets, tables, objects };
}

const Invocation = z.object({ product: z.string(), input: z.string() });

function send(response: ServerResponse, answer: AwsAnswer | Broken): void {
  if (answer === 'hang_up') response.destroy();
  else if (answer === 'silence') setTimeout(() => response.destroy(), SILENCE_MS).unref();
  else response.writeHead(answer.status, answer.headers).end(answer.body);
}
