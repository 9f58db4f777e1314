/** DynamoDB, SES and Secrets Manager that answer at once, over TLS, on a port each, so that each costs its own handshake. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { join } from 'node:path';
import { SECRETS } from './signed-orders.ts';

const SERVICES = ['DYNAMODB', 'SES', 'SECRETS_MANAGER'] as const;

export interface StubAws {
  readonly tls: boolean;
  /** The environment variables with the addresses of AWS. */
  readonly env: Readonly<Record<string, string>>;
  /** Returns the calls since the last time, in order. */
  takeCalls(): string[];
  stop(): void;
}

export async function startStubAws(folder: string): Promise<StubAws> {
  const certificate = selfSigned(folder);
  const calls: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    void bodyOf(request).then((body) => {
      const call = callOf(request, body);
      calls.push(call);
      response.end(ANSWERS[call]?.(body) ?? '');
    });
  const servers = SERVICES.map(() => (certificate ? createHttps(certificate, answer) : createHttp(answer)));
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      return typeof address === 'object' ? address?.port : undefined;
    }),
  );
  const scheme = certificate ? 'https' : 'http';
  return {
    tls: certificate !== undefined,
    env: Object.fromEntries(
      SERVICES.map((name, at) => [`AWS_ENDPOINT_URL_${name}`, `${scheme}://127.0.0.1:${ports[at]}`]),
    ),
    takeCalls: () => calls.splice(0),
    stop: () => servers.forEach((server) => void server.close().closeAllConnections()),
  };
}

/** Returns undefined without openssl; the stub then uses HTTP, and the report says so. */
function selfSigned(folder: string): { key: Buffer; cert: Buffer } | undefined {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const command = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout ${key} -out ${cert}`;
  try {
    execFileSync('openssl', command.split(' '), { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

/** The name of the action; a request without one only opens a connection. */
const callOf = ({ headers, method }: IncomingMessage, body: string): string =>
  String(headers['x-amz-target'] ?? '').split('.')[1] ??
  new URLSearchParams(body).get('Action') ??
  `${method} without an action`;

const ANSWERS: Readonly<Record<string, (body: string) => string>> = {
  GetItem: () => '{}',
  PutItem: () => '{}',
  UpdateItem: () => '{}',
  GetSecretValue: (body) => {
    const { SecretId }: { readonly SecretId: keyof typeof SECRETS } = JSON.parse(body);
    return JSON.stringify({ Name: SecretId, SecretString: JSON.stringify(SECRETS[SecretId]) });
  },
  SendEmail: () => sent('SendEmail'),
  SendRawEmail: () => sent('SendRawEmail'),
};

const sent = (action: string) =>
  `<${action}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><${action}Result>` +
  `<MessageId>0100-bench</MessageId></${action}Result></${action}Response>`;
