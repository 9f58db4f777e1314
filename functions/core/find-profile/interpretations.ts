/** Enumerates the bytes that a shipped app may have made of a key and of names. */

import { keyBytes } from '../serial/aes-128.ts';
import { CHARSETS, encode } from '../serial/charset.ts';
import { licenseeOf } from '../serial/name.ts';
import { KEY_FITS, KEY_FORMS, SerialProfile } from '../serial/profile.ts';

export interface KeyInterpretation {
  readonly key: SerialProfile['key'];
  readonly bytes: Buffer;
}

/** The bytes of all names, with each combination of charset and name options that makes them. */
export interface NameInterpretation {
  readonly bytes: readonly Buffer[];
  readonly options: readonly Pick<SerialProfile, 'charset' | 'name'>[];
}

const PLAIN = SerialProfile.parse({
  kind: 'aes-128',
  mode: 'ecb',
  padding: 'pkcs7',
  text: { alphabet: 'HEX' },
});

/** Returns every interpretation of the key; of two with the same bytes, the stricter. */
export function interpretKey(key: string): KeyInterpretation[] {
  const byBytes = new Map<string, KeyInterpretation>();
  for (const fit of KEY_FITS) {
    for (const form of KEY_FORMS) {
      const bytes = keyBytes({ ...PLAIN, key: { form, fit } }, key);
      const hex = bytes?.toString('hex') ?? '';
      if (bytes && !byBytes.has(hex)) byBytes.set(hex, { key: { form, fit }, bytes });
    }
  }
  return [...byBytes.values()];
}

/** Returns every interpretation of the names. An option that no name exercises keeps its default: no pair can confirm it. */
export function interpretNames(names: readonly string[]): NameInterpretation[] {
  const byBytes = new Map<string, { bytes: Buffer[]; options: NameInterpretation['options'][number][] }>();
  for (const charset of CHARSETS) {
    for (const name of nameOptions(names)) {
      const bytes = names.flatMap((received) => {
        const result = licenseeOf(received, { ...PLAIN, charset, name });
        return ('licensee' in result && encode(charset, result.licensee)) || [];
      });
      if (bytes.length < names.length) continue;
      const same = bytes.map((one) => one.toString('hex')).join();
      byBytes.set(same, { bytes, options: [...(byBytes.get(same)?.options ?? []), { charset, name }] });
    }
  }
  return [...byBytes.values()];
}

/** Omits `as-is`: it makes the same of a name as `nfc` or `nfd`. */
function nameOptions(names: readonly string[]): SerialProfile['name'][] {
  const choices = (pattern: RegExp) => (names.some((name) => pattern.test(name)) ? [true, false] : [true]);
  const trims = choices(/^\p{Zs}|\p{Zs}$/u);
  const collapses = choices(/\p{Zs}{2}/u);
  return (['nfc', 'nfd'] as const).flatMap((form) =>
    (['none', 'upper', 'lower'] as const).flatMap((fold) =>
      trims.flatMap((trim) => collapses.map((collapse) => ({ ...PLAIN.name, form, fold, trim, collapse }))),
    ),
  );
}
