/** `serial check`: whether a serial that somebody has is one of ours, under any key that was ever in use. */
import { Command } from '@commander-js/extra-typings';
import { isTyped } from '../../../functions/core/serial/typed-serial.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';
import { type AskedOptions, asked, askedOf, serialUnder } from './options.ts';

interface CheckOptions extends AskedOptions {
  readonly serial: string;
}

export const serialCheck = (terminal: Terminal) =>
  asked(new Command('check'))
    .description('whether a serial is that of a name, under any key version of a product')
    .requiredOption('--serial <serial>', 'the serial as somebody has typed it')
    .addHelpText('after', CHECK)
    .action((options: CheckOptions) => check(terminal, options));

const CHECK = `
Spaces, dashes and separators are no matter, nor is case where the alphabet has one
case only. The exit code is 0 for a valid serial and 1 for another.

Example:
  npx --no keypost serial check --product widgetpro-mac --name 'Jane Q. Sample' \\\\
    --serial b05f5da78463537b5f9a76cf01b76e01`;

async function check(terminal: Terminal, options: CheckOptions): Promise<void> {
  const one = await askedOf(terminal, options);
  const { licensee, profile, keys, who } = one;
  const found = keys
    .map((key) => ({ version: key.version, serial: serialUnder(one, key) }))
    .find(({ serial }) => isTyped(options.serial, serial, profile.text));
  if (options.json) terminal.print(json({ valid: found !== undefined, licensee }));
  if (!found) throw new CommandError(`not valid: ${who} makes another serial of ${licensee}`);
  if (options.json) return;
  const rows = [
    ['valid', who],
    ['licensee', licensee],
    ['serial', found.serial],
    ...(found.version === undefined ? [] : [['key version', String(found.version)]]),
  ];
  terminal.print(columns(rows));
}
