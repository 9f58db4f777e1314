/** A profile and a key as they are typed. */
import * as z from 'zod/mini';
import { CatalogueError } from '../../../functions/core/catalogue/catalogue.ts';
import { mistakesOf } from '../../../functions/core/catalogue/mistakes.ts';
import { presets } from '../../../functions/core/serial/presets.ts';
import { SerialProfile } from '../../../functions/core/serial/profile.ts';
import { CommandError } from '../cli/failure.ts';
import type { Terminal } from '../cli/terminal.ts';

export const KEY = [
  '--key <key>',
  'the key; - reads it from standard input, so that no shell remembers it',
] as const;

/** As typed behind `--key`. */
export const givenKey = async (terminal: Terminal, key: string): Promise<string> =>
  key === '-' ? (await terminal.readSecret('The key')).trim() : key;

/** The preset completed by the JSON, as a catalogue completes it. Throws a CatalogueError. */
export function givenProfile(preset: string | undefined, json: string | undefined): SerialProfile {
  const known = Object.entries(presets).find(([name]) => name === preset)?.[1];
  const input = { kind: 'aes-128', ...known, ...(json === undefined ? {} : objectIn(json)) };
  const { data, error } = SerialProfile.safeParse(input, { reportInput: true });
  if (data) return data;
  throw new CatalogueError(error.issues.flatMap((issue) => mistakesOf(issue, ['profile'])));
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(json));
  } catch {
    throw new CommandError(
      `--profile is no JSON object; --profile '{"mode":"ecb","padding":"pkcs7","text":{"alphabet":"HEX"}}' would do`,
    );
  }
}
