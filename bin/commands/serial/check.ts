/** `serial check` verifies a typed serial under every key version of a product. */
import { Command } from '@commander-js/extra-typings';
import { isTyped } from '../../../functions/core/serial/typed-serial.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';
import { makeSerial, readInput, withInputOptions } from './input.ts';

export const serialCheck = (terminal: Terminal) =>
  withInputOptions(new Command('check'))
    .requiredOption('--serial <serial>', 'the serial as a buyer typed it')
    .description('check whether a serial belongs to a name, under every key version of a product')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const input = await readInput(terminal, options);
      const { licensee, profile, keys, label } = input;
      const match = keys
        .map((key) => ({ version: key.version, serial: makeSerial(input, key) }))
        .find(({ serial }) => isTyped(options.serial, serial, profile.text));
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

const HELP = `
Spaces, dashes and separators are ignored, and so is case if the alphabet has a single
case. The exit code is 0 if the serial is valid and 1 if it is not.

Example:
  npx --no keypost serial check --product widgetpro-mac --name 'Jane Q. Sample' \\\\
    --serial b05f5da78463537b5f9a76cf01b76e01`;
