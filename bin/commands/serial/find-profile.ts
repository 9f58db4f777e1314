/** `serial find-profile` finds the settings of a shipped app from serials that it accepts. */
import { isUtf8 } from 'node:buffer';
import { Command } from '@commander-js/extra-typings';
import { catalogueLine } from '../../../functions/core/find-profile/catalogue-line.ts';
import { findProfiles, type Pair } from '../../../functions/core/find-profile/find-profile.ts';
import { interpretKey } from '../../../functions/core/find-profile/interpretations.ts';
import { parsePairs } from '../../../functions/core/find-profile/pairs.ts';
import type { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { json } from '../cli/columns.ts';
import { CommandError, readNamedFile } from '../cli/failure.ts';
import { withBar } from '../cli/progress.ts';
import type { Terminal } from '../cli/terminal.ts';
import { KEY_OPTION, readKey } from './input.ts';

export const serialFindProfile = (terminal: Terminal) =>
  new Command('find-profile')
    .argument('<pairs.csv>', 'three to five genuine pairs, name,serial in each line')
    .description('find the profile of a shipped app from names and the serials that it accepts')
    .requiredOption(...KEY_OPTION)
    .option('--json', 'print JSON for scripts')
    .addHelpText('after', HELP)
    .action(async (file, options) => {
      const pairs = await readPairs(file);
      const key = await readKey(terminal, options.key);
      if (interpretKey(key).length === 0)
        throw new CommandError(
          `expected a key in ASCII, hex or base64, got ${key.length} characters; write the key that the app contains`,
        );
      const { matches, undecided = null } = await withBar(findProfiles(key, pairs), process.stderr);
      if (options.json) terminal.print(json({ matches, undecided }));
      if (matches.length === 0) throw new CommandError(NO_MATCH);
      if (!options.json) terminal.print(formatMatches(matches, undecided));
    });

const HELP = `
Each pair answers a different question: use a name of 15 bytes, one of 16, a longer one,
and one with an accent and a curly apostrophe. If several profiles remain, the output
names the pair that distinguishes them. The exit code is 0 if any profile remains.

Examples:
  npm run keypost -- serial find-profile --key - pairs.csv               asks for the key
  npm run keypost -- serial find-profile --key - pairs.csv < key.txt`;

const NO_MATCH =
  'no profile makes all of these serials from these names under this key; check that the app contains this key and that ' +
  'each serial belongs to exactly this spelling of the name. MD5, SHA-1, SHA-256 and the folding of MySQL were tried: if ' +
  'the app hashes or folds the key in another way, give the 16 bytes of the result in hex';

async function readPairs(file: string): Promise<readonly Pair[]> {
  const bytes = await readNamedFile(file);
  if (!isUtf8(bytes))
    throw new CommandError(`${file}: found bytes that are not UTF-8; save it as CSV in UTF-8`);
  const result = parsePairs(bytes.toString());
  if ('pairs' in result) return result.pairs;
  throw new CommandError(`${file}: ${result.mistake}`);
}

function formatMatches(matches: readonly SerialProfile[], undecided: string | null): string {
  const found = matches.length > 1 ? `${matches.length} profiles make` : 'One profile makes';
  return [
    `${found} all of the serials. For the product in keypost.config.ts:`,
    '',
    ...matches.map((match) => `  ${catalogueLine(match)}`),
    ...(undecided ? ['', `To distinguish them, add the serial of ${undecided}.`] : []),
  ].join('\n');
}
