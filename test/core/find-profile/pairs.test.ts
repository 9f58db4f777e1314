/** CSV files with pairs, as people save them. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parsePairs } from '../../../functions/core/find-profile/pairs.ts';
import { anyChar } from '../../fixtures/any-char.ts';

const ROW = 'Jane,ABC';
const JANE = { name: 'Jane', serial: 'ABC' };

describe('pairs are parsed', () => {
  test.each<[string, string, object[]]>([
    ['from one line', ROW, [JANE]],
    ['from a line with a line end', `${ROW}\n`, [JANE]],
    ['with the line ends of Windows', `${ROW}\r\nJoe,DEF\r\n`, [JANE, { name: 'Joe', serial: 'DEF' }]],
    ['with the line ends of old Macs', `${ROW}\rJoe,DEF`, [JANE, { name: 'Joe', serial: 'DEF' }]],
    ['after a header', `name,serial\n${ROW}`, [JANE]],
    ['after a header of Excel', `\ufeff"Name","Serial"\r\n${ROW}`, [JANE]],
    ['after a header with a space', `name, serial\n${ROW}`, [JANE]],
    ['after a byte order mark', `\ufeff${ROW}`, [JANE]],
    ['between empty lines', `\n\n${ROW}\n\r\n\n`, [JANE]],
    ['from quoted fields', '"Jane","ABC"', [JANE]],
    ['from a field with a comma', '"Sample, Jane",ABC', [{ name: 'Sample, Jane', serial: 'ABC' }]],
    ['from a field with quotes', '"Jane ""JQ"" Sample",ABC', [{ name: 'Jane "JQ" Sample', serial: 'ABC' }]],
    ['from a field with a line end', '"Jane\n",ABC', [{ name: 'Jane\n', serial: 'ABC' }]],
    [
      'with the line end that a serial has',
      '"Jane","AB\r\nC"\r\n"Joe","DE\nF"\n',
      [
        { name: 'Jane', serial: 'AB\r\nC' },
        { name: 'Joe', serial: 'DE\nF' },
      ],
    ],
    ['with their spaces', ' Jane , A BC ', [{ name: ' Jane ', serial: ' A BC ' }]],
    ['in any script', '田中 健,ABC', [{ name: '田中 健', serial: 'ABC' }]],
    [
      'with the header words as a later pair',
      `${ROW}\nname,serial`,
      [JANE, { name: 'name', serial: 'serial' }],
    ],
  ])('%s', (_, csv, pairs) => expect(parsePairs(csv)).toEqual({ pairs }));
});

describe('the mistake names the line, the finding and the remedy', () => {
  test.each<[string, string, RegExp]>([
    ['an empty file', '', /^found no pair; write/],
    ['only a header', 'name,serial\n', /^found no pair; write/],
    ['colons', 'Jane:ABC', /^line 1: found one field; write name,serial/],
    ['a comma without quotes', `${ROW}\nSample, Jane,ABC`, /^line 2: found 3 fields; write .*"…"/],
    ['a comma at the end', `${ROW},`, /^line 1: found 3 fields/],
    ['a mistake after fields with line ends', `"Jane\r\n",ABC\n\n"Joe\n",D,E`, /^line 4: found 3 fields/],
    ['no serial', `${ROW}\nJoe,\n`, /^line 2: found no serial/],
    ['a serial of spaces', 'Joe, \t', /^line 1: found no serial/],
    ['no name', `${ROW}\n,ABC`, /^line 2: found a name that Keypost would hold/],
    ['an invisible name', '\u200b,ABC', /^line 1: found a name/],
    ['a control character', 'Ja\u0000ne,ABC', /^line 1: found a name/],
    ['a damaged name', 'JosÃ©,ABC', /^line 1: found a name/],
    ['half a character', '\ud83d,ABC', /^line 1: found a name/],
    ['a name that is too long', `${'x'.repeat(10_000)},ABC`, /^line 1: found a name/],
    [
      'a serial that is too long',
      `Jane,${'A'.repeat(401)}`,
      /^line 1: found a serial of 401 characters; write at most 400/,
    ],
    ['a quote within a field', 'Jane "JQ",ABC', /^line 1: found a quote within a field; write/],
    [
      'a quote that is not closed',
      `${ROW}\nAnn,"C\nC"\n"Joe,D\n${'\n'.repeat(9)}`,
      /^line 4: found a quote that is not closed; write/,
    ],
    ['text after a quote', '"Jane" Q.,ABC', /^line 1: found text after a closing quote; write/],
    ['too many pairs', `${ROW}\n`.repeat(11), /^line 11: found more than 10 pairs; write three to five/],
    // Ten pairs of the longest names fit; a larger file would cost seconds of parsing.
    [
      'a file that is too large',
      '"'.repeat(1_000_000),
      /^found 1000000 characters, expected at most 65536; write/,
    ],
  ])('%s', (_, csv, mistake) => expect(parsePairs(csv)).toEqual({ mistake: expect.stringMatching(mistake) }));
});

it('any text gives pairs or a mistake', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '"', ',', '\n', '\r', ' ', 'é') });
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: anyChar })), (csv) => {
      const result = parsePairs(csv);
      expect('pairs' in result ? result.pairs.length : result.mistake.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

it('quoted pairs are parsed as they were written', () => {
  const field = fc
    .string({ unit: fc.constantFrom('a', 'b', '"', ',', ' '), maxLength: 8 })
    .map((text) => `x${text}`);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const pairs = fc.array(fc.record({ name: field, serial: field }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(pairs, fc.constantFrom('\n', '\r\n', '\r'), (expected, end) => {
      const csv = expected.map(({ name, serial }) => `${quoted(name)},${quoted(serial)}${end}`).join('');
      expect(parsePairs(csv)).toEqual({ pairs: expected });
    }),
  );
});
