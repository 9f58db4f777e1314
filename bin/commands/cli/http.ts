/** HTTP servers that accept requests from this machine only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import type { Target } from './target.ts';

/** The time that running requests have to finish when the server stops. */
const GRACE_MS = 2_000;

/** A server cannot start. The message says what was found and what to do. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/** A request is invalid. The message is sent to the caller. */
export class BadRequest extends Error {}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Listens on 127.0.0.1 and, if the machine has it, on ::1. `variable` is the setting that names the port. */
export async function listen(port: number, variable: string, handler: Handler) {
  const first = await bind(port, '127.0.0.1', variable, handler);
  const address = first.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  const servers = [first];
  try {
    servers.push(await bind(bound, '::1', variable, handler));
  } catch (error) {
    if (!isCode(error, ['EADDRNOTAVAIL', 'EAFNOSUPPORT'])) throw error;
  }
  return {
    port: bound,
    async close() {
      await Promise.all(servers.map((server) => closeServer(server)));
    },
  };
}

/** Returns the body, or undefined if it is longer than `most`. It reads to the end, so that the caller gets a response. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
  }
  return size <= most ? Buffer.concat(chunks) : undefined;
}

/** Returns the JSON of a request. Throws a BadRequest. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request, MOST_JSON);
  try {
    return JSON.parse(bytes?.toString('utf8') ?? '');
  } catch {
    throw new BadRequest('the body is not JSON, or is larger than 1 MB');
  }
}

const MOST_JSON = 1024 * 1024;

/** Parses the body of a request. Throws a BadRequest. */
export function parseBody<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadRequest(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(value)}\n`);
}

function bind(port: number, host: string, variable: string, handler: Handler): Promise<Server> {
  const server = createServer((request, response) => {
    if (isForeign(request)) {
      request.resume();
      sendJson(response, 403, { message: 'Forbidden: this server answers this machine only' });
      return;
    }
    handler(request, response).catch((error: unknown) => {
      // The caller has hung up, so there is no one to respond to.
      if (request.destroyed && !request.complete) return;
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: error instanceof Error ? error.message : 'unknown' });
    });
  });
  // A kept connection may close while its caller sends the next request. If that is a mail, its outcome is unknown.
  server.keepAliveTimeout = 0;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `Port ${port} is in use. Use another one: ${variable}=${port + 1} npm start`;
      reject(isCode(error, ['EADDRINUSE', 'EACCES']) ? new StartError(message) : error);
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** A foreign web page can make a browser call this server: by a DNS name that points here, or from its own origin. */
function isForeign({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').toLowerCase();
  const isOurs = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
  // The buyers' pages have the policy `no-referrer`, so a browser posts their forms with the origin `null`.
  const isHidden = headers.origin === 'null' && headers['sec-fetch-site'] === 'same-origin';
  const origin = isHidden ? undefined : headers.origin?.toLowerCase();
  return !isOurs || (origin !== undefined && origin !== `http://${host}`);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  });
}

const isCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));

const Clock = z.object({ ahead: z.number() });

/** The time of the Lambdas: the clock of `npm start` can be ahead. */
export async function timeOf({ page }: Target): Promise<number> {
  if (page === undefined) return Date.now();
  const response = await fetch(`${page}/local/clock`);
  return Date.now() + Clock.parse(await response.json()).ahead * 1_000;
}
