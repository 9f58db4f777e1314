/** `serial make` prints the serial that a buyer of a name gets, and `serial explain` each step to it, without key and IV. */
import { Command } from '@commander-js/extra-typings';
import { encrypt, pad } from '../../../functions/core/serial/aes-128.ts';
import { encode } from '../../../functions/core/serial/charset.ts';
import type { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { columns, json } from '../cli/columns.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';
import { makeSerial, readInput, type SerialInput, unmappable, withInputOptions } from './input.ts';

export const serialMake = (terminal: Terminal) =>
  withInputOptions(new Command('make'))
    .description('make the serial of a name under the newest key of a product')
    .addHelpText('after', MAKE_HELP)
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

const MAKE_HELP = `
Examples:
  npm run keypost -- serial make --product widgetpro-mac --name 'José Núñez'
  npm run keypost -- serial make --preset m-crypto-ecb --key - --name 'José Núñez' < key.txt
  npm run keypost -- serial make --preset php-mcrypt-cbc \\
    --profile '{"iv":{"from":"key"},"text":{"alphabet":"base64"}}' --key - --name 'José Núñez'`;

export const serialExplain = (terminal: Terminal) =>
  withInputOptions(new Command('explain'))
    .description('show each step from a name to its serial')
    .addHelpText('after', EXPLAIN_HELP)
    .action(async (options) => {
      const input = await readInput(terminal, options);
      const { profile } = input;
      if (profile.kind !== 'aes-128')
        throw new CommandError(`${input.label} is of kind ${profile.kind}; only aes-128 has these steps`);
      const { mode, padding, charset, text, name } = profile;
      const steps = await stepsOf(input, profile, options.name);
      const rows = [
        ['as received', '', escapeName(steps.received)],
        ['normalised', name.form, escapeName(steps.normalised)],
        ['bytes', charset, inBlocks(steps.bytes)],
        ['padded', padding, inBlocks(steps.padded)],
        ['ciphertext', mode, inBlocks(steps.ciphertext)],
        ['text', text.alphabet, steps.text],
      ];
      terminal.print(options.json ? json(steps) : columns(rows));
    });

const EXPLAIN_HELP = `
Example:
  npm run keypost -- serial explain --product widgetpro-mac --name 'José Núñez'`;

async function stepsOf(input: SerialInput, profile: SerialProfile, received: string) {
  const { label, licensee, keys } = input;
  const bytes = encode(profile.charset, licensee);
  if (!bytes) throw unmappable(label, profile, licensee);
  const padded = pad(profile.padding, bytes);
  return {
    received,
    normalised: licensee,
    bytes: bytes.toString('hex'),
    padded: padded.toString('hex'),
    ciphertext: encrypt(profile, keys[0].bytes, padded).toString('hex'),
    text: await makeSerial(input, keys[0]),
  };
}

/** Quotes the name and escapes characters that look like others: spaces, combining accents, invisible characters. */
const escapeName = (name: string): string =>
  `"${name.replace(/(?! )(?:[\p{Z}\p{Cc}\p{Cf}\p{Cs}"\\]|[\u0300-\u036f])/gu, escapeCharacter)}"`;

const escapeCharacter = (one: string): string =>
  /["\\]/.test(one) ? `\\${one}` : `\\u{${one.codePointAt(0)?.toString(16)}}`;

/** Separates blocks of 16 bytes by a space. */
const inBlocks = (hex: string): string => hex.replace(/.{32}(?=.)/g, '$& ');
