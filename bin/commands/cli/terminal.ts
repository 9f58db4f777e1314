/** The terminal that a command runs in: its environment and input, the errors that stop a command, and text for people and scripts. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { eastAsianWidth } from 'get-east-asian-width';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  complain(line: string): void;
  /** Reads a pipe, or what is typed without an echo. */
  readSecret(prompt: string): Promise<string>;
  /** Asks the person at the terminal; undefined if the input is no terminal. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

export const terminal: Terminal = {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (text) => void process.stderr.write(`${text.split('\n').map(harmless).join('\n')}\n`),
  readSecret: async (prompt) => (process.stdin.isTTY ? await readHidden(prompt) : await text(process.stdin)),
  ask: process.stdin.isTTY ? askLine : undefined,
};

/**
 * Reads a key without the byte order mark and the line end that Windows PowerShell writes. Its UTF-16, read as UTF-8, would be
 * another key.
 */
export async function readTypedKey({ readSecret }: Terminal, prompt: string): Promise<string> {
  const key = (await readSecret(prompt)).trim();
  if (!/[\p{C}\ufffd]/u.test(key)) return key;
  throw new CommandError(
    'the key has a control character, more than one line, or bytes that are not UTF-8, as a file of Windows PowerShell in UTF-16; save it as UTF-8',
  );
}

/** Asks before an action that cannot be undone; `--yes` skips the question. Throws a CommandError unless the answer is yes. */
export async function requireYes(
  { ask }: Terminal,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes) return;
  if (!ask)
    throw new CommandError(
      'found no terminal to ask at, so nothing is changed; add --yes to go ahead without the question',
    );
  const answer = await ask(`${question} (yes/no) `);
  if (answer.trim().toLowerCase() !== 'yes')
    throw new CommandError('the answer is not yes, so nothing is changed');
}

async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } catch (error) {
    // Ctrl-C and Ctrl-D end the input without an answer.
    if (error instanceof Error && error.name === 'AbortError') return '';
    throw error;
  } finally {
    lines.close();
  }
}

/** readline echoes to its output, which discards everything here. */
async function readHidden(prompt: string): Promise<string> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  process.stderr.write(`${prompt}: `);
  try {
    return await lines.question('', { signal: closed.signal });
  } catch (error) {
    // Ctrl-C and Ctrl-D end the input without a secret.
    if (closed.signal.aborted) return '';
    throw error;
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** A machine without a browser ignores it: the address is printed too. */
export async function openBrowser(url: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  spawn(program ?? '', args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}

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

type Rows = readonly (readonly string[])[];

/**
 * Aligns rows of cells; the first row holds the headings, in capitals, if there are any. In a terminal that is too narrow,
 * each row becomes a list with a line for each heading, so that a serial can still be copied whole.
 */
export function columns(rows: Rows, room = screenWidth()): string {
  const cells = rows.map((row) => row.map(harmless));
  const [headings = [], ...others] = cells;
  const table = aligned(cells);
  if (table.split('\n').every((line) => widthOf(line) <= room)) return table;
  const hasHeadings = others.length > 0 && headings.every((one) => /^[A-Z ]+$/.test(one));
  if (!hasHeadings) return aligned(cells.flatMap((row) => wrapped(row, cells, room)));
  const lists = others.map((row) => row.flatMap((cell, at) => (cell ? [[headings[at] ?? '', cell]] : [])));
  return lists.map((list) => aligned(list.flatMap((row) => wrapped(row, list, room)))).join('\n\n');
}

function aligned(cells: Rows): string {
  const widths = widthsOf(cells);
  const padded = (cell: string, at: number) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell));
  return cells.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

const widthsOf = (cells: Rows) =>
  (cells[0] ?? []).map((_, at) => Math.max(...cells.map((row) => widthOf(row[at] ?? ''))));

/** Breaks the last cell of a row into lines: at its spaces, or anywhere if it has none. */
function wrapped(row: readonly string[], cells: Rows, room: number): string[][] {
  const before = row.slice(0, -1);
  const indent = widthsOf(cells.map((one) => one.slice(0, -1))).reduce((sum, width) => sum + width + 2, 0);
  const size = Math.max(8, room - indent);
  const parts = [...(row.at(-1) ?? '').matchAll(new RegExp(`.{1,${size}}(?: |$)|.{1,${size}}`, 'gu'))];
  return parts.length < 2
    ? [[...row]]
    : parts.map(([part], at) => [...before.map((cell) => (at === 0 ? cell : '')), part.trimEnd()]);
}

const screenWidth = () => process.stdout.columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY;

/** Counts the columns that a terminal uses: two for wide characters of East Asia and emoji, none for combining marks. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const clusters = [...new Intl.Segmenter().segment(text)];
  return clusters.reduce((sum, { segment }) => sum + (EMOJI.test(segment) ? 2 : sumOf(segment)), 0);
}

const EMOJI = /\ufe0f|^\p{RI}{2}|^\p{Emoji_Presentation}/u;

const sumOf = (cluster: string): number =>
  [...cluster].reduce(
    (sum, one) => sum + (/[\p{Mn}\p{Me}\p{Cf}]/u.test(one) ? 0 : eastAsianWidth(one.codePointAt(0) ?? 0)),
    0,
  );

/** Replaces escape sequences, line ends and marks of text direction, so that text from strangers does not steer the terminal. Joiners stay: they only shape letters. */
export const harmless = (text: string): string =>
  text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');

/** Formats a value for scripts. JSON.stringify leaves DEL, the C1 controls and marks of text direction unescaped. */
export const json = (value: unknown, indent = 2): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\p{Bidi_C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
