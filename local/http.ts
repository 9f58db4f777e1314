/** Two small servers on this machine, and on no other. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { StartError } from './settings.ts';

/** What an answer on its way has, once we are told to end. */
const PATIENCE_MS = 2_000;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Listens on 127.0.0.1 and, where the machine has it, on ::1. `variable` names the setting of the port. */
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
      await Promise.all(servers.map((server) => shut(server)));
    },
  };
}

/** The whole body, or undefined where it is longer than `most`: read to its end, so that the caller can hear so. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
  }
  return size <= most ? Buffer.concat(chunks) : undefined;
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
      // A caller that has hung up hears nothing, and that is no fault of ours.
      if (request.destroyed && !request.complete) return;
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { message: error instanceof Error ? error.message : 'unknown' });
    });
  });
  // A connection that ends just as its caller uses it again is a mail of which nobody knows whether it went out.
  server.keepAliveTimeout = 0;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const taken = `port ${port} is taken; another one: ${variable}=${port + 1} npm start`;
      reject(isCode(error, ['EADDRINUSE', 'EACCES']) ? new StartError(taken) : error);
    });
    server.listen(port, host, () => resolve(server));
  });
}

/** A page elsewhere may make a browser call us: by a name that it points here, or from its own origin. */
function isForeign({ headers }: IncomingMessage): boolean {
  const host = headers.host ?? '';
  const ours = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host);
  return (
    !ours || (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host.toLowerCase()}`)
  );
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), PATIENCE_MS).unref();
  });
}

const isCode = (error: unknown, codes: readonly string[]): boolean =>
  error instanceof Error && 'code' in error && codes.includes(String(error.code));
