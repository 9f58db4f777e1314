/** Codes, links, names and limits, without I/O. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mixed } from '../../../functions/core/mail/redeliver.ts';
import { codeMaker, isTypedCode, parseCode, typedCode } from '../../../functions/core/pages/codes.ts';
import { LIMITS, networkOf } from '../../../functions/core/pages/limits.ts';
import { parseToken, toToken } from '../../../functions/core/pages/links.ts';
import { nearestSpelling, resembles } from '../../../functions/core/pages/names.ts';
import { isWithin } from '../../../functions/core/pages/ports.ts';
import { chooseLanguage } from '../../../functions/core/pages/words.ts';
import { testEach } from '../../fixtures/in-words.ts';

const keys = [{ id: 1, key: 'a key of the tests, which has 32 characters' }];
const rotated = [{ id: 2, key: 'another key of the tests, which is newer' }, ...keys];

describe('a claim code', () => {
  const make = codeMaker(keys);

  test('is 16 characters: the number, and the HMAC as Node computes it', () => {
    const number = { batch: 1_023, n: 1_048_575 };
    const code = make(number);
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(code).toMatch(/^ZZZZ-ZZ/);
    const key = createHmac('sha256', keys[0]?.key ?? '')
      .update('keypost/claim/v1')
      .digest();
    const mac = createHmac('sha256', key).update(Buffer.from('3fffffff', 'hex')).digest();
    const bits = [...code.replaceAll('-', '')].map((one) =>
      '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(one).toString(2).padStart(5, '0'),
    );
    const tail = BigInt(`0b${bits.join('').slice(-50)}`);
    expect(tail).toBe(BigInt(`0x${mac.subarray(0, 7).toString('hex')}`) & ((1n << 50n) - 1n));
    expect(parseCode(keys, code)).toEqual(number);
  });

  test('is read in any case, with any hyphens, and with O, I and L for 0 and 1; an older key stays valid', () => {
    for (let n = 0; n < 200; n += 1) {
      const code = make({ batch: 3, n });
      const typed = code
        .toLowerCase()
        .replaceAll('-', n % 2 ? '' : ' ')
        .replaceAll('0', 'o')
        .replaceAll('1', 'l');
      expect(parseCode(rotated, typed)).toEqual({ batch: 3, n });
    }
  });

  test('of 10^5 random and mutated ones none is accepted', () => {
    const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    const code = make({ batch: 0, n: 7 }).replaceAll('-', '');
    let state = 1;
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const accepted: string[] = [];
    for (let n = 0; n < 50_000; n += 1) {
      const at = random(16);
      const old = digits.indexOf(code.charAt(at));
      const mutated = code.slice(0, at) + digits.charAt((old + 1 + random(31)) % 32) + code.slice(at + 1);
      const made = Array.from({ length: 16 }, () => digits.charAt(random(32))).join('');
      accepted.push(...[mutated, made].filter((one) => parseCode(keys, one)));
    }
    expect(accepted).toEqual([]);
    for (const text of ['', code.slice(1), `${code}0`, 'U'.repeat(16)])
      expect(parseCode(keys, text)).toBe(undefined);
  });
});

describe('a link', () => {
  const link = { use: 'licences', until: 1_000, of: 'Jane.Doe@example.com' } as const;
  const token = toToken(keys, link);

  test('shows nothing, and is genuine only unchanged', () => {
    expect(parseToken(rotated, token)).toEqual(link);
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('example');
    const bytes = Buffer.from(token, 'base64url');
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(parseToken(keys, changed.toString('base64url'))).toBe(undefined);
    }
    for (const text of ['', 'AA', `${token}=`, `${token}A`, `${token}!`])
      expect(parseToken(keys, text)).toBe(undefined);
  });

  test('has a code that is valid with it only', () => {
    const code = typedCode(keys[0]?.key ?? '', token);
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(isTypedCode(keys, token, code.replace('-', '').toLowerCase())).toBe(true);
    expect(isTypedCode(keys, toToken(keys, { ...link, until: 1_001 }), code)).toBe(false);
    expect(isTypedCode(keys, token, '')).toBe(false);
  });
});

test.each([
  ['Jhon Smith', 'John Smith', true],
  ['john smith', 'JOHN SMITH', true],
  ['Jose Nunez', 'José Núñez', true],
  ['Smith, John', 'John Smith', true],
  ['Abcd', 'Abce', true],
  ['Abcd', 'Abef', false],
  ['Abcdefghijklmnop', 'Abcdefghijklmxyz', true],
  ['Abcdefghijklmnop', 'Abcdefghijklwxyz', false],
  ['Ann', 'Ana', false],
  ['John Smith', 'Jane Doe', false],
  ['', 'Jane Doe', false],
])('"%s" and "%s" resemble each other: %s', (one, other, expected) => {
  expect(resembles(one, other)).toBe(expected);
});

testEach([
  ['Łukasz Żak', 'windows-1252', 'Lukasz Zak'],
  ['Ştefan ß', 'latin1', 'Stefan ß'],
  ['José', 'windows-1252', undefined],
  ['“Øyvind”', 'latin1', '"Øyvind"'],
  ['田中', 'windows-1252', undefined],
] as const)('the nearest spelling of $0 in $1 is $2', (name, charset, expected) => {
  const options = {
    form: 'nfc',
    fold: 'none',
    collapse: true,
    trim: true,
    repair: false,
    maxBytes: 256,
  } as const;
  expect(nearestSpelling(name, { name: options, charset })).toBe(expected);
});

test.each([
  ['192.0.2.7', '192.0.2'],
  ['::ffff:192.0.2.7', '192.0.2'],
  ['2001:db8:1:2ff:3::9', '20010db8000102'],
  ['2001:db8::1', '20010db8000000'],
  ['::1', '00000000000000'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

testEach([
  [undefined, 'en'],
  ['de-AT,de;q=0.9,en;q=0.8', 'de'],
  ['xx, fr;q=0.5, es;q=0.7', 'es'],
  ['xx,de-x-du;q=0.001', 'de'],
  ['de;q=0, en', 'en'],
  ['constructor', 'en'],
])('a reader whose Accept-Language is $0 reads $1', (accepted, language) => {
  expect(chooseLanguage(accepted)).toBe(language);
});

describe('the limits', () => {
  test('count in windows of the virtual clock, hide the value, and report the overall one', async () => {
    const hits = new Map<string, number>();
    const reports: string[] = [];
    let at = 0;
    const counting = {
      keys: async () => keys,
      now: () => at,
      report: (name: string) => void reports.push(name),
      count: async (key: string, add: 0 | 1, most: number) => {
        const now = hits.get(key) ?? 0;
        if (now < most) hits.set(key, now + add);
        return now < most;
      },
    };
    const name = 'requests for an address';
    const tries = async (times: number) => {
      const results = [];
      for (let n = 0; n < times; n += 1) results.push(await isWithin(counting, name, 'jane@example.com'));
      return results.filter(Boolean).length;
    };
    expect([await tries(5), await isWithin(counting, name, 'other@example.com')]).toEqual([3, true]);
    at = LIMITS[name].per;
    expect(await tries(5)).toBe(3);
    expect([...hits.keys()].join()).not.toContain('jane');
    for (let n = 0; n <= 60; n += 1) await isWithin(counting, 'requests of all');
    expect(reports).toEqual(['limit_reached']);
  });

  test('are those that docs/security.md lists', () => {
    const rows = [
      ...readFileSync('docs/security.md', 'utf8').matchAll(
        /^\| (\S.*?) \| (\d[\d,]*) \| (minute|hour|day) \|/gm,
      ),
    ];
    const per = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
    expect(
      Object.fromEntries(
        rows.map(([, name, most = '', unit = '']) => [
          name,
          {
            most: Number(most.replace(',', '')),
            per: Object.entries(per).find(([one]) => one === unit)?.[1],
          },
        ]),
      ),
    ).toEqual(LIMITS);
  });
});

test('a request waits for nine orders of a backlog at most, and takes a tenth of the mails', () => {
  const list = (name: string, length: number) => Array.from({ length }, (_, n) => `${name}${n}`);
  const keysOf = mixed(list('order', 200), list('request', 100));
  expect(keysOf.slice(0, 11)).toEqual([...list('order', 9), 'request0', 'order9']);
  expect(keysOf.filter((key) => key.startsWith('request'))).toHaveLength(22);
  expect(mixed(list('order', 3), list('request', 2))).toEqual([...list('order', 3), 'request0', 'request1']);
});
