/** `serial make`: what a buyer of that name gets. */
import { Command } from '@commander-js/extra-typings';
import { columns, json } from '../cli/columns.ts';
import type { Terminal } from '../cli/terminal.ts';
import { type AskedOptions, asked, askedOf, serialUnder } from './options.ts';

export const serialMake = (terminal: Terminal) =>
  asked(new Command('make'))
    .description('the serial of a name, under the newest key of a product')
    .addHelpText('after', MAKE)
    .action((options: AskedOptions) => make(terminal, options));

const MAKE = `
Examples:
  npx --no keypost serial make --product widgetpro-mac --name 'José Núñez'
  npx --no keypost serial make --preset m-crypto-ecb --key - --name 'José Núñez' < key.txt
  npx --no keypost serial make --preset php-mcrypt-cbc \\\\
    --profile '{"iv":{"from":"key"},"text":{"alphabet":"base64"}}' --key - --name 'José Núñez'`;

async function make(terminal: Terminal, options: AskedOptions): Promise<void> {
  const one = await askedOf(terminal, options);
  const { licensee } = one;
  const serial = serialUnder(one, one.keys[0]);
  const table = columns([
    ['licensee', licensee],
    ['serial', serial],
  ]);
  terminal.print(options.json ? json({ serial, licensee }) : table);
}
