/** What a command may touch besides AWS. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { harmless } from './columns.ts';
import { CommandError } from './failure.ts';

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  complain(line: string): void;
  /** What stands in a pipe, or is typed without being shown. */
  readSecret(prompt: string): Promise<string>;
  /** Asks whoever sits there; undefined where nobody does. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

export const terminal: Terminal = {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (text) => void process.stderr.write(`${text.split('\n').map(harmless).join('\n')}\n`),
  readSecret: async (prompt) => (process.stdin.isTTY ? await unseen(prompt) : await text(process.stdin)),
  ask: process.stdin.isTTY ? asked : undefined,
};

/** Asks before what cannot be undone; `--yes` has answered already. Throws a CommandError unless the answer is yes. */
export async function requireYes(
  { ask }: Terminal,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes) return;
  if (!ask)
    throw new CommandError(
      'found no terminal to ask at, and nothing is changed; --yes goes ahead without asking',
    );
  const answer = await ask(`${question} (yes/no) `);
  if (answer.trim().toLowerCase() !== 'yes')
    throw new CommandError('the answer is not yes; nothing is changed');
}

async function asked(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } catch (error) {
    // Ctrl-C and Ctrl-D: no answer.
    if (error instanceof Error && error.name === 'AbortError') return '';
    throw error;
  } finally {
    lines.close();
  }
}

/** readline shows what is typed on its output, which leads nowhere here. */
async function unseen(prompt: string): Promise<string> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const given = new AbortController();
  lines.once('close', () => given.abort());
  process.stderr.write(`${prompt}: `);
  try {
    return await lines.question('', { signal: given.signal });
  } catch (error) {
    // Ctrl-C and Ctrl-D: nothing was typed.
    if (given.signal.aborted) return '';
    throw error;
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
