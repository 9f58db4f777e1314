/** `serial check` verifies a typed serial under every key version of a product. */
import { Command } from '@commander-js/extra-typings';
import { isKeyless } from '../../../functions/core/serial/key-bytes.ts';
import { serialUnder } from '../../../functions/core/serial/typed-serial.ts';
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
      if (options.json) terminal.print(json({ valid: match !== undefined, licensee }));
      if (!match)
        throw new CommandError(`not valid: the serial of ${licensee} for ${label} is a different one`);
      if (options.json) return;
      const rows = [
        ['valid', label],
        ['licensee', licensee],
        ['serial', match.serial],
        ...(match.version === undefined ? [] : [['key version', String(match.version)]]),
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

const HELP = `
Spaces, dashes and separators are ignored, and so is case if the alphabet has a single
case. The exit code is 0 if the serial is valid and 1 if it is not.

Example:
  npm run keypost -- serial check --product widgetpro-mac --name 'Jane Q. Sample' \\\\
    --serial b05f5da78463537b5f9a76cf01b76e01`;
