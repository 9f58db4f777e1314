/**
 * Makes docs/verifiers/vectors.json: every preset and every option, with names at each length where the result changes in
 * kind. A published vector never changes: only add vectors.
 */
import { keyBytes, serialOf } from '../../functions/core/serial/aes-128.ts';
import { ALPHABET_NAMES } from '../../functions/core/serial/alphabet.ts';
import { licenseeOf } from '../../functions/core/serial/name.ts';
import { presets } from '../../functions/core/serial/presets.ts';
import { SerialProfile } from '../../functions/core/serial/profile.ts';

interface Vector {
  readonly profile: object;
  readonly key: string;
  readonly name: string;
  readonly serial: string;
}

/** Lengths of ASCII names; in bytes in every charset except UTF-16. */
export const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64];
const LONG = 'Maximiliana Featherstonehaugh-Cholmondeley of Upper Marjoribanks';
const ACCENTED = [
  'José Núñez',
  'José Núñez'.normalize('NFD'),
  'Renée D’Angelo',
  'Strauß & Söhne GmbH, 100 €',
  'Łukasz Żółć',
  '田中 太郎',
  '👩‍💻 Ada 🇬🇧 👍🏽',
];
const UNCLEAN = [
  ' Jane  Sample\t',
  'Jane\u00a0 Q.\u2009Sample\u3000',
  '\ufeffJa\u00adne\u200b Sample\r\n',
  'Straße é É Ab',
  'Μαΐα', // decomposes in upper case
];

const KEY = '1234567890123456';
const LITERAL = { from: 'literal', hex: '000102030405060708090a0b0c0d0e0f' };
const HEX = { text: { alphabet: 'HEX' } };
const FIVES = { text: { alphabet: 'crockford', group: 5 } };
const BASE64 = { text: { alphabet: 'base64' } };
const ECB = { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', ...HEX };

/** The options that each preset leaves to the seller, and a key of its form. */
const COMPLETED = {
  'cocoa-cccrypt': { key: KEY, ...HEX },
  'cocoa-cccrypt-ecb': { key: KEY, ...FIVES },
  'cocoa-nsdata-aes': { key: 'password', text: { alphabet: 'hex', group: 8, separator: ' ' } },
  'realbasic-mbs-ecb': { key: KEY, ...HEX },
  'realbasic-mbs-cbc': { key: KEY, iv: { from: 'key' }, text: { alphabet: 'HEX', group: 4 } },
  'xojo-mbs-cipher-ecb': { key: KEY, ...BASE64 },
  'xojo-mbs-cipher-cbc': { key: KEY, iv: LITERAL, ...FIVES },
  'm-crypto-ecb': { key: 'password' },
  'm-crypto-cbc': { key: 'a passphrase that is longer than a key' },
  'php-mcrypt-ecb': { key: KEY, text: { alphabet: 'hex' } },
  'php-mcrypt-cbc': { key: KEY, iv: { from: 'key' }, ...BASE64 },
  'dotnet-rijndael-cbc': { key: KEY, iv: LITERAL, ...BASE64 },
  'delphi-dcpcrypt': { key: 'a passphrase' },
  'delphi-dec-cfb8': { key: KEY },
  'delphi-lockbox-3': { key: KEY },
  'openssl-ecb': { key: '0123456789abcdefFEDCBA9876543210', text: { alphabet: 'base32', prefix: 'WP-' } },
  'openssl-cbc': { key: '0123456789abcdefFEDCBA9876543210', iv: LITERAL, ...HEX },
} satisfies Record<Exclude<keyof typeof presets, (typeof WITHOUT)[number]>, object>;

/** Presets that the programs in docs/verifiers do not have. */
export const WITHOUT = ['xojo-nulls-mbs-cipher-ecb', 'mysql-aes-encrypt'] as const;

/** Formats the file: one vector per line, in ASCII, so that no editor can recompose an accent. */
export function vectorsFile(): string {
  const lines = [...ofPresets(), ...ofCiphers(), ...ofOptions()].map((vector) => JSON.stringify(vector));
  return `[\n${lines.join(',\n')}\n]\n`.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function ofPresets(): Vector[] {
  const names = [...LENGTHS.map((length) => LONG.slice(0, length)), ...ACCENTED];
  return Object.entries(presets).flatMap(([name, preset]) => {
    const { key, ...rest } = new Map(Object.entries<{ key: string }>(COMPLETED)).get(name) ?? { key: '' };
    return vectors({ ...preset, ...rest }, key, names);
  });
}

/** Every mode with every IV, and with the paddings that the programs in docs/verifiers have. */
function ofCiphers(): Vector[] {
  const ivs = [{ from: 'zero' }, { from: 'key' }, LITERAL, { from: 'encrypted-zero' }];
  const ciphers = ['pkcs7', 'null', 'space', 'x923', 'none'].flatMap((padding) => [
    { ...ECB, padding },
    ...['cbc', 'cfb8', 'cbc-dcpcrypt'].flatMap((mode) => ivs.map((iv) => ({ ...ECB, mode, iv, padding }))),
  ]);
  return ciphers.flatMap((profile) =>
    vectors(
      profile,
      KEY,
      [15, 16, 33].map((length) => LONG.slice(0, length)),
    ),
  );
}

function ofOptions(): Vector[] {
  const long = [LONG.slice(0, 33)];
  const keys = [
    ['ascii', 'exact', KEY],
    ['ascii', 'null-pad-or-cut', 'short'],
    ['ascii', 'null-pad-or-cut', `${KEY} and more`],
    ['hex', 'exact', '00FF7F80102030405060708090a0b0c0'],
    ['hex', 'null-pad-or-cut', '00ff7f80'],
    ['base64', 'exact', '+/8AESIzRFVmd4iZqrvM3Q=='],
    ['base64', 'null-pad-or-cut', 'AQI='],
    ['md5', 'exact', 'message digest'],
  ] as const;
  const charsets = ['utf8', 'windows-1252', 'macroman', 'latin1', 'utf16le'];
  const names = [
    {},
    { form: 'nfd' },
    { form: 'as-is' },
    { trim: false },
    { collapse: false },
    { fold: 'upper' },
    { fold: 'lower' },
    { form: 'nfd', trim: false, collapse: false, fold: 'upper' },
  ];
  const texts = ALPHABET_NAMES.flatMap((alphabet) => [
    { alphabet },
    { alphabet, cut: 12, group: 4, separator: '.', prefix: 'KP-' },
    { alphabet, cut: 20, group: 7, separator: ' : ', prefix: 'App2/' },
    { alphabet, prefix: 'x' },
  ]);
  return [
    ...keys.flatMap(([form, fit, key]) => vectors({ ...ECB, key: { form, fit } }, key, long)),
    ...charsets.flatMap((charset) => vectors({ ...ECB, charset }, KEY, [...long, ...ACCENTED])),
    ...names.flatMap((name) => vectors({ ...ECB, name }, KEY, [...ACCENTED, ...UNCLEAN])),
    ...texts.flatMap((text) => vectors({ ...ECB, text }, KEY, [...long, LONG.slice(0, 16)])),
  ];
}

/** Returns no vector for an invalid profile or for a name that would be held, except the empty name. */
function vectors(profile: object, key: string, names: readonly string[]): Vector[] {
  const { data } = SerialProfile.safeParse(profile);
  const bytes = data && keyBytes(data, key);
  if (!bytes) return [];
  return names.flatMap((name) => {
    const result = name === '' ? { licensee: '' } : licenseeOf(name, data);
    const serial = 'licensee' in result ? serialOf(data, bytes, result.licensee) : undefined;
    return serial === undefined ? [] : [{ profile, key, name, serial }];
  });
}
