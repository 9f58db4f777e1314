/** `serial find-profile`: which settings a shipped app has, from serials that it accepts. */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { Command } from '@commander-js/extra-typings';
import { catalogueLine } from '../../../functions/core/find-profile/catalogue-line.ts';
import { findProfiles, type Pair } from '../../../functions/core/find-profile/find-profile.ts';
import { keysOf } from '../../../functions/core/find-profile/interpretations.ts';
import { pairsIn } from '../../../functions/core/find-profile/pairs.ts';
import type { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import { withBar } from '../cli/progress.ts';
import type { Terminal } from '../cli/terminal.ts';
import { givenKey, KEY } from './profile-option.ts';

interface FindOptions {
  readonly key: string;
  readonly json?: boolean;
}

export const serialFindProfile = (terminal: Terminal) =>
  new Command('find-profile')
    .argument('<pairs.csv>', 'three to five genuine pairs, name,serial in each line')
    .description('the profile of an app that is out, from names and the serials it accepts')
    .requiredOption(...KEY)
    .option('--json', 'for scripts')
    .addHelpText('after', FIND)
    .action((file: string, options: FindOptions) => find(terminal, file, options));

const FIND = `
Each pair tells something else: take a name of 15 bytes, one of 16, a longer one, and
one with an accent and a curly apostrophe. If several profiles are left, you hear which
further pair would decide. The exit code is 0 if there is any.

Examples:
  npx --no keypost serial find-profile --key - pairs.csv               asks for the key
  npx --no keypost serial find-profile --key - pairs.csv < key.txt`;

async function find(terminal: Terminal, file: string, options: FindOptions): Promise<void> {
  const pairs = await pairsOf(file);
  const key = await givenKey(terminal, options.key);
  if (keysOf(key).length === 0) {
    throw new CommandError(`the key has ${key.length} characters and is none; ASCII, hex or base64 would do`);
  }
  const { matches, undecided = null } = withBar(findProfiles(key, pairs), process.stderr);
  if (options.json) terminal.print(json({ matches, undecided }));
  if (matches.length === 0) {
    throw new CommandError(
      'no profile makes all of these serials from these names under this key; look whether it is the key of that app, and ' +
        'whether each serial is that of its name, letter by letter',
    );
  }
  if (!options.json) terminal.print(inWords(matches, undecided));
}

async function pairsOf(file: string): Promise<readonly Pair[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
  });
  if (!isUtf8(bytes))
    throw new CommandError(`${file}: found bytes that are not UTF-8; save it as CSV in UTF-8`);
  const result = pairsIn(bytes.toString());
  if ('pairs' in result) return result.pairs;
  throw new CommandError(`${file}: ${result.mistake}`);
}

function inWords(matches: readonly SerialProfile[], undecided: string | null): string {
  const found = matches.length > 1 ? `${matches.length} profiles make` : 'One profile makes';
  return [
    `${found} all of the serials. For the product in keypost.config.ts:`,
    '',
    ...matches.map((match) => `  ${catalogueLine(match)}`),
    ...(undecided ? ['', `What would decide: the serial of ${undecided}.`] : []),
  ].join('\n');
}
