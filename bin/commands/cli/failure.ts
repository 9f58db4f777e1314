/** What stops a command, in one line that says what would do. */

export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CommandError';
  }
}

/** By an error's name; the services call one thing by several. */
const CURES: readonly [name: RegExp, cure: string][] = [
  [
    /^(CredentialsProviderError|TokenProviderError)$/,
    'no AWS credentials are found; `aws configure` or `aws sso login` makes some, AWS_PROFILE names the profile',
  ],
  [
    /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/,
    'the AWS credentials have expired; sign in again, as with `aws sso login`',
  ],
  [
    /^(UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature)$/,
    'AWS does not know these credentials; `aws sts get-caller-identity` says whose they are',
  ],
];

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|TimeoutError)$/;

const BUSY = /^(Internal|ServiceUnavailable|Throttl|TooManyRequests|ProvisionedThroughput)/;

/** @param local whether it is the AWS of `npm start` that was asked. */
export function explain(error: unknown, local: boolean): string {
  if (!(error instanceof Error)) return 'failed, and nobody knows why';
  const { name, message } = error;
  const network = [name, codeOf(error), codeOf(error.cause)].find((code) => NETWORK.test(code));
  if (network) return unreachable(network, local);
  const cure = CURES.find(([pattern]) => pattern.test(name))?.[1];
  if (cure) return cure;
  if (BUSY.test(name)) return `AWS cannot say just now (${name}); try again in a minute`;
  if (/^(AccessDenied|Unauthorized)/.test(name)) {
    const action = /perform: (\S+)/.exec(message)?.[1] ?? 'do this';
    return `these AWS credentials may not ${action}; use some that may, AWS_PROFILE names the profile`;
  }
  if (/^Region (is missing|not accepted)/.test(message))
    return 'no AWS region is set; AWS_REGION or `aws configure` says which';
  // A catalogue's mistakes are a line each; of everything else one line tells enough.
  if (name === 'CommandError' || name === 'CatalogueError') return message;
  return `${name}: ${message.split('\n')[0]}`;
}

const unreachable = (code: string, local: boolean) =>
  local
    ? `nothing answers on this machine (${code}); is \`npm start\` running? PORT and AWS_PORT as there`
    : `AWS cannot be reached (${code}); look at the network, AWS_REGION and AWS_ENDPOINT_URL`;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
