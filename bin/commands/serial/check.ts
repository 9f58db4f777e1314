/** `serial check` verifies a typed serial under every key version of a product. */
import { Command } from '@commander-js/extra-typings';
import { isOfProduct, licenseeIn } from '../../../functions/core/serial/ed25519.ts';
import { isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import { isBadCopy, serialUnder } from '../../../functions/core/serial/typed-serial.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';
import { makeSerial, readInput, type SerialInput, withInputOptions } from './input.ts';

export const serialCheck = (terminal: Terminal) =>
  withInputOptions(new Command('check'))
    .requiredOption('--serial <serial>', 'the serial as a buyer typed it')
    .description('check whether a serial belongs to a name, under every key version of a product')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const input = await readInput(terminal, options);
      const { licensee, label } = input;
      const match = await findMatch(input, options.serial);
      const isExact = match?.serial === options.serial.trim();
      const isCopy = match !== undefined || (await isCopiedBadly(input, options.serial));
      const result = isExact ? 'exact' : isCopy ? 'copied badly' : 'not ours';
      if (options.json) terminal.print(json({ valid: match !== undefined, result, licensee }));
      if (!match)
        throw new CommandError(
          isCopy
            ? `not valid, copied badly: the serial of ${licensee} for ${label} is nearly the same; have it copied again from the mail`
            : `not valid, not ours: the serial of ${licensee} for ${label} is a different one; check how the name is spelled`,
        );
      if (options.json) return;
      const rows = [
        ['valid', label],
        ['licensee', licensee],
        ['serial', match.serial],
        ...(match.version === undefined ? [] : [['key version', String(match.version)]]),
        ...(isExact ? [] : [['copied badly', 'it has every digit, but the app may refuse it']]),
      ];
      terminal.print(columns(rows));
    });

async function findMatch(input: SerialInput, typed: string) {
  const { profile, licensee, keys } = input;
  if (isKeyless(profile)) {
    const serial = await makeSerial(input, keys[0]);
    return typed.trim() === serial ? { serial, version: undefined } : undefined;
  }
  return keys
    .map(({ version, bytes }) => ({
      version,
      // A licence names its key, and a typed key has the number 1.
      serial: serialUnder(profile, { version: version ?? 1, bytes }, typed, licensee),
    }))
    .flatMap(({ version, serial }) => (serial === undefined ? [] : [{ version, serial }]))[0];
}

/** The text is a serial of this name with mistakes. A licence has no known text, so its beginning decides. */
async function isCopiedBadly({ profile, licensee, keys, ...input }: SerialInput, typed: string) {
  if (profile.kind === 'ed25519') {
    const text = typed.replaceAll(/[\s\p{Cf}]/gu, '');
    const signers = keys.map(({ version, bytes }) => ({ number: version ?? 1, seed: bytes }));
    // An intact licence of another name is not copied badly.
    return isOfProduct(text, profile.product) && licenseeIn(text, profile.product, signers) === undefined;
  }
  for (const key of keys)
    if (isBadCopy(typed, await makeSerial({ ...input, profile, licensee, keys }, key))) return true;
  return false;
}

const HELP = `
Spaces, dashes and separators are ignored, and so is case if the alphabet has a single
case. The exit code is 0 if the serial is valid and 1 if it is not. A serial that is not
valid is "copied badly" (cut, or a few characters are wrong) or "not ours".

Example:
  npm run keypost -- serial check --product widgetpro-mac --name 'Jane Q. Sample' \\
    --serial b05f5da78463537b5f9a76cf01b76e01`;
