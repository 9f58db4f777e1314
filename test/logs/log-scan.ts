/** Checks after the last test that the suite has logged no secret, signature, serial, name or address. */
import { createDecipheriv, createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): void {
  process.env.KEYPOST_TEST_LOGS = mkdtempSync(join(tmpdir(), 'keypost-logs-'));
}

export function teardown(): void {
  const folder = process.env.KEYPOST_TEST_LOGS ?? '';
  const found = readdirSync(folder).flatMap((name) =>
    findings(readFileSync(join(folder, name), 'utf8')).map((one) => `test/${name} logged ${one}`),
  );
  rmSync(folder, { recursive: true });
  if (found.length === 0) return;
  // An error of a teardown alone fails no run.
  process.exitCode = 1;
  throw new Error(`what must not be logged:\n${[...new Set(found)].join('\n')}`);
}

/** A forbidden value in a log: its kind, and the line without the value. */
export function findings(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const kinds = new Set<string>();
    const hidden = PATTERNS.reduce(
      (rest, [kind, pattern, is]) =>
        rest.replace(pattern, (hit) => {
          if (is && !is(hit)) return hit;
          kinds.add(kind);
          return `<${kind}>`;
        }),
      line,
    );
    return kinds.size > 0 ? [`${[...kinds].join(', ')}: ${hidden.slice(0, 300)}`] : [];
  });
}

const sources = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:\.ts|evidence\.json|serials[\\/].*\.json)$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
const all = [...sources('test'), ...sources('local'), ...sources('functions/providers')].join('\n');
const every = (pattern: RegExp) => [...all.matchAll(pattern)].map(([, value = '']) => value);

/** Signing keys, by where they stand in fixtures, tests and the demo. */
const keys = [
  ...every(/(?:signing|"keys"): ?\[([^\]]*)\]/g).flatMap(
    (list) => list.match(/(?<=['"])[^'",]{8,}(?=['"])/g) ?? [],
  ),
  ...every(/\w*(?:SECRET|KEY) = '([^']{8,})'/g),
  '1234567890123456',
];
const signatures = every(/"[\w-]*(?:sig|signature|hmac[\w-]*)": ?"([^"]{20,})"/g).flatMap((value) =>
  value.split(/[,;= ]/).filter((part) => part.length >= 20),
);
const serials = every(/"serial": ?"([^"]{8,})"/g);
/** A name with an accent, or with Example or Sample, is a buyer's name; products and shops have no such names. */
const names = every(
  /"?\b(?:name|registration|licensee|received|company)"?: ?['"]([^'"\\\n]{3,60})['"]/g,
).filter((name) => /[^\0-\x7f]|\b(?:Example|Sample)\b/.test(name));

/** A text that a key of the suite, or the throw-away key of a test order, decrypts to a name is a serial. */
const serialKeys = [
  Buffer.from('1234567890123456'),
  ...['widgetpro-mac', 'widget'].map((product) =>
    createHash('sha256').update(`a Keypost test order for ${product}`).digest().subarray(0, 16),
  ),
];
const isSerial = (hex: string): boolean =>
  serialKeys.some((key) => {
    const decipher = createDecipheriv('aes-128-ecb', key, null);
    try {
      const name = Buffer.concat([decipher.update(hex, 'hex'), decipher.final()]);
      return name.length > 0 && !/\p{Cc}|\ufffd/u.test(name.toString());
    } catch {
      return false; // The padding is invalid, so it is a hash and not a serial.
    }
  });

const literal = (values: readonly string[]) =>
  new RegExp([...new Set(values)].map((one) => one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');

const PATTERNS: readonly (readonly [kind: string, pattern: RegExp, is?: (hit: string) => boolean])[] = [
  ['signing key', literal([...keys, ...keys.map(encodeURIComponent)])],
  ['secret', /\b(?:whsec|[sr]k_(?:live|test)|pdl_ntfset|pdl_sdbx)_\w{6,}/g],
  ['signature', literal(signatures)],
  ['serial', /\b(?:[0-9A-Fa-f]{32})+\b/g, isSerial],
  ['serial', literal(serials)],
  // The first is an example in our messages.
  ['address', /[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi, (hit) => hit !== 'orders@example.com'],
  ['name', literal(names)],
];
