/** The terminal that a command runs in: its environment, its input and its output. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { harmless } from './columns.ts';
import { CommandError } from './failure.ts';

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
