/** `serial explain`: how a name becomes a serial, step by step. Neither the key nor an IV is among the steps. */
import { Command } from '@commander-js/extra-typings';
import { encode } from '../../../functions/core/serial/charset.ts';
import { encrypt, pad } from '../../../functions/core/serial/aes-128.ts';
import { columns, json } from '../cli/columns.ts';
import type { Terminal } from '../cli/terminal.ts';
import { unmappable } from './name.ts';
import { type Asked, type AskedOptions, asked, askedOf, serialUnder } from './options.ts';

export const serialExplain = (terminal: Terminal) =>
  asked(new Command('explain'))
    .description('how a name becomes its serial, step by step')
    .addHelpText('after', EXPLAIN)
    .action((options: AskedOptions) => explain(terminal, options));

const EXPLAIN = `
Example:
  npx --no keypost serial explain --product widgetpro-mac --name 'José Núñez'`;

async function explain(terminal: Terminal, options: AskedOptions): Promise<void> {
  const one = await askedOf(terminal, options);
  const { mode, padding, charset, text } = one.profile;
  const steps = stepsOf(one, options.name);
  if (options.json) return terminal.print(json(steps));
  const rows = [
    ['as received', '', visible(steps.received)],
    ['normalised', one.profile.name.form, visible(steps.normalised)],
    ['bytes', charset, blocks(steps.bytes)],
    ['padded', padding, blocks(steps.padded)],
    ['ciphertext', mode, blocks(steps.ciphertext)],
    ['text', text.alphabet, steps.text],
  ];
  terminal.print(columns(rows));
}

function stepsOf(one: Asked, received: string) {
  const { who, profile, licensee, keys } = one;
  const bytes = encode(profile.charset, licensee);
  if (!bytes) throw unmappable(who, profile, licensee);
  const whole = pad(profile.padding, bytes);
  return {
    received,
    normalised: licensee,
    bytes: bytes.toString('hex'),
    padded: whole.toString('hex'),
    ciphertext: encrypt(profile, keys[0].bytes, whole).toString('hex'),
    text: serialUnder(one, keys[0]),
  };
}

/** In quotes, and with escapes for what cannot be told from something else: spaces, loose accents, invisible characters. */
const visible = (name: string): string =>
  `"${name.replace(/(?! )(?:[\p{Z}\p{Cc}\p{Cf}\p{Cs}"\\]|[\u0300-\u036f])/gu, escaped)}"`;

const escaped = (one: string): string =>
  /["\\]/.test(one) ? `\\${one}` : `\\u{${one.codePointAt(0)?.toString(16)}}`;

/** Sixteen bytes, and sixteen bytes. */
const blocks = (hex: string): string => hex.replace(/.{32}(?=.)/g, '$& ');
