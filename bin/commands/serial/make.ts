/** `serial make` prints the serial that a buyer of a name gets. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import type { Terminal } from '../cli/terminal.ts';
import { makeSerial, readInput, withInputOptions } from './input.ts';

export const serialMake = (terminal: Terminal) =>
  withInputOptions(new Command('make'))
    .description('make the serial of a name under the newest key of a product')
    .addHelpText('after', HELP)
    .action(async (options) => {
      const input = await readInput(terminal, options);
      const { licensee } = input;
      const serial = await makeSerial(input, input.keys[0]);
      const rows = [
        ['licensee', licensee],
        ['serial', serial],
      ];
      terminal.print(options.json ? json({ serial, licensee }) : columns(rows));
    });

const HELP = `
Examples:
  npm run keypost -- serial make --product widgetpro-mac --name 'José Núñez'
  npm run keypost -- serial make --preset m-crypto-ecb --key - --name 'José Núñez' < key.txt
  npm run keypost -- serial make --preset php-mcrypt-cbc \\
    --profile '{"iv":{"from":"key"},"text":{"alphabet":"base64"}}' --key - --name 'José Núñez'`;
