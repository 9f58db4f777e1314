/** The errors that stop a command, each in one line that says what to do. */
import { readFile } from 'node:fs/promises';

export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/** Reads a file that a command line names. Throws a CommandError. */
export const readNamedFile = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
  });

/** Messages by the name of the error; AWS services have several names for the same error. */
const MESSAGES: readonly [name: RegExp, message: string][] = [
  [
    /^(CredentialsProviderError|TokenProviderError)$/,
    'no AWS credentials are found; run `aws configure` or `aws sso login`, or set AWS_PROFILE',
  ],
  [
    /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/,
    'the AWS credentials have expired; sign in again, for example with `aws sso login`',
  ],
  [
    /^(UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature)$/,
    'AWS rejects these credentials; check them with `aws sts get-caller-identity`',
  ],
];

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|TimeoutError)$/;

const BUSY = /^(Internal|ServiceUnavailable|Throttl|TooManyRequests|ProvisionedThroughput)/;

/** @param local whether the command ran against `npm start`. */
export function explain(error: unknown, local: boolean): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { name, message } = error;
  const network = [name, codeOf(error), codeOf(error.cause)].find((code) => NETWORK.test(code));
  if (network) return unreachable(network, local);
  const known = MESSAGES.find(([pattern]) => pattern.test(name))?.[1];
  if (known) return known;
  if (BUSY.test(name)) return `AWS is busy (${name}); try again in a minute`;
  if (/^(AccessDenied|Unauthorized)/.test(name)) {
    const action = /perform: (\S+)/.exec(message)?.[1] ?? 'do this';
    return `these AWS credentials are not allowed to ${action}; use others, for example with AWS_PROFILE`;
  }
  if (/^Region (is missing|not accepted)/.test(message))
    return 'no AWS region is set; set AWS_REGION, or run `aws configure`';
  // A CatalogueError has one line for each mistake; the first line of any other error is enough.
  if (name === 'CommandError' || name === 'CatalogueError') return message;
  return `${name}: ${message.split('\n')[0]}`;
}

const unreachable = (code: string, local: boolean) =>
  local
    ? `nothing answers on this machine (${code}); run \`npm start\`, with the same PORT and AWS_PORT as this command`
    : `AWS cannot be reached (${code}); check the network, AWS_REGION and AWS_ENDPOINT_URL`;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
