/** What bytes keys and names may have been to a shipped app. */

import { keyBytes } from '../serial/aes-128.ts';
import { CHARSETS, encode } from '../serial/charset.ts';
import { licenseeOf } from '../serial/name.ts';
import { SerialProfile } from '../serial/profile.ts';

export interface KeyReading {
  readonly key: SerialProfile['key'];
  readonly bytes: Buffer;
}

/** The bytes of all names, and the charsets and habits that make them so. */
export interface NameReading {
  readonly bytes: readonly Buffer[];
  readonly ways: readonly Pick<SerialProfile, 'charset' | 'name'>[];
}

const PLAIN = SerialProfile.parse({
  kind: 'aes-128',
  mode: 'ecb',
  padding: 'pkcs7',
  text: { alphabet: 'HEX' },
});

/** Every way to read the key; where two make the same bytes, the stricter. */
export function keysOf(key: string): KeyReading[] {
  const byBytes = new Map<string, KeyReading>();
  for (const fit of ['exact', 'null-pad-or-cut'] as const) {
    for (const form of ['ascii', 'hex', 'base64', 'md5'] as const) {
      const bytes = keyBytes({ ...PLAIN, key: { form, fit } }, key);
      const hex = bytes?.toString('hex') ?? '';
      if (bytes && !byBytes.has(hex)) byBytes.set(hex, { key: { form, fit }, bytes });
    }
  }
  return [...byBytes.values()];
}

/** Every way to read all of the names. Habits that none of them shows are left alone: no pair could confirm them. */
export function readingsOf(names: readonly string[]): NameReading[] {
  const byBytes = new Map<string, { bytes: Buffer[]; ways: NameReading['ways'][number][] }>();
  for (const charset of CHARSETS) {
    for (const name of habitsFor(names)) {
      const bytes = names.flatMap((received) => {
        const result = licenseeOf(received, { ...PLAIN, charset, name });
        return ('licensee' in result && encode(charset, result.licensee)) || [];
      });
      if (bytes.length < names.length) continue;
      const same = bytes.map((one) => one.toString('hex')).join();
      byBytes.set(same, { bytes, ways: [...(byBytes.get(same)?.ways ?? []), { charset, name }] });
    }
  }
  return [...byBytes.values()];
}

/** `as-is` is not among them: of any name it makes what `nfc` or `nfd` makes. */
function habitsFor(names: readonly string[]): SerialProfile['name'][] {
  const shown = (pattern: RegExp) => (names.some((name) => pattern.test(name)) ? [true, false] : [true]);
  const trims = shown(/^\p{Zs}|\p{Zs}$/u);
  const collapses = shown(/\p{Zs}{2}/u);
  return (['nfc', 'nfd'] as const).flatMap((form) =>
    (['none', 'upper', 'lower'] as const).flatMap((fold) =>
      trims.flatMap((trim) => collapses.map((collapse) => ({ ...PLAIN.name, form, fold, trim, collapse }))),
    ),
  );
}
