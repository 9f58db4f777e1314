/** Pairs as people save them, and as nobody should. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { csvRecords } from '../../functions/core/find-profile/csv.ts';
import { pairsIn } from '../../functions/core/find-profile/pairs.ts';

const ROW = 'Jane,ABC';
const JANE = { name: 'Jane', serial: 'ABC' };

describe('pairs', () => {
  test.each<[string, string, object[]]>([
    ['one', ROW, [JANE]],
    ['with a line end', `${ROW}\n`, [JANE]],
    ['of Windows', `${ROW}\r\nJoe,DEF\r\n`, [JANE, { name: 'Joe', serial: 'DEF' }]],
    ['of old Macs', `${ROW}\rJoe,DEF`, [JANE, { name: 'Joe', serial: 'DEF' }]],
    ['under a header', `name,serial\n${ROW}`, [JANE]],
    ['under a header of Excel', `\ufeff"Name","Serial"\r\n${ROW}`, [JANE]],
    ['under a header with a space', `name, serial\n${ROW}`, [JANE]],
    ['behind a byte order mark', `\ufeff${ROW}`, [JANE]],
    ['with empty lines', `\n\n${ROW}\n\r\n\n`, [JANE]],
    ['in quotes', '"Jane","ABC"', [JANE]],
    ['with a comma', '"Sample, Jane",ABC', [{ name: 'Sample, Jane', serial: 'ABC' }]],
    ['with quotes', '"Jane ""JQ"" Sample",ABC', [{ name: 'Jane "JQ" Sample', serial: 'ABC' }]],
    ['with a line end within', '"Jane\n",ABC', [{ name: 'Jane\n', serial: 'ABC' }]],
    ['as they are spaced', ' Jane , A BC ', [{ name: ' Jane ', serial: ' A BC ' }]],
    ['of any script', '田中 健,ABC', [{ name: '田中 健', serial: 'ABC' }]],
    ['whose name is name', `${ROW}\nname,serial`, [JANE, { name: 'name', serial: 'serial' }]],
  ])('%s', (_, csv, pairs) => expect(pairsIn(csv)).toEqual({ pairs }));

  test.each<[string, string, RegExp]>([
    ['no text', '', /^found no pair; write/],
    ['nothing but a header', 'name,serial\n', /^found no pair; write/],
    ['semicolons', 'Jane;ABC', /^line 1: found one field; write name,serial/],
    ['a comma without quotes', `${ROW}\nSample, Jane,ABC`, /^line 2: found 3 fields; write .*"…"/],
    ['a comma at the end', `${ROW},`, /^line 1: found 3 fields/],
    ['no serial', `${ROW}\nJoe,\n`, /^line 2: found no serial/],
    ['a serial of spaces', 'Joe, \t', /^line 1: found no serial/],
    ['no name', `${ROW}\n,ABC`, /^line 2: found a name that Keypost would hold/],
    ['a name that nobody sees', '\u200b,ABC', /^line 1: found a name/],
    ['a control character', 'Ja\u0000ne,ABC', /^line 1: found a name/],
    ['a damaged name', 'JosÃ©,ABC', /^line 1: found a name/],
    ['half a character', '\ud83d,ABC', /^line 1: found a name/],
    ['a name without end', `${'x'.repeat(100_000)},ABC`, /^line 1: found a name/],
    [
      'a serial without end',
      `Jane,${'A'.repeat(401)}`,
      /^line 1: found a serial of 401 characters; write at most 400/,
    ],
    ['a quote within', 'Jane "JQ",ABC', /^line 1: found a quote within a field; write/],
    [
      'a quote that is never closed',
      `${ROW}\nAnn,"C\nC"\n"Joe,D\n${'\n'.repeat(9)}`,
      /^line 4: found a quote that nothing closes/,
    ],
    ['something behind a quote', '"Jane" Q.,ABC', /^line 1: found something behind a closing quote/],
    ['too many', `${ROW}\n`.repeat(11), /^line 11: found more than 10 pairs; write three to five/],
  ])('%s is a mistake', (_, csv, mistake) =>
    expect(pairsIn(csv)).toEqual({ mistake: expect.stringMatching(mistake) }),
  );

  it('nobody waits for a file that is none', () => {
    const before = performance.now();
    const million = 1_000_000;
    for (const csv of [
      '"'.repeat(million),
      `"${'""'.repeat(million)}`,
      `"${'a'.repeat(million)}`,
      ','.repeat(million),
    ])
      expect(pairsIn(csv)).toHaveProperty('mistake');
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});

describe('records', () => {
  const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;
  const field = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') }),
    fc.string(),
  );
  const row = fc.array(field, { minLength: 2, maxLength: 4 });

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom('\n', '\r\n', '\r'), (rows, end) => {
        const csv = rows.map((fields) => fields.map(quoted).join(',') + end).join('');
        expect([...csvRecords(csv)].map((record) => ('fields' in record ? record.fields : record))).toEqual(
          rows,
        );
      }),
    );
  });

  it('of any text end, in one mistake at most', () => {
    fc.assert(
      fc.property(field, (text) => {
        const records = [...csvRecords(text)];
        expect(records.slice(0, -1).filter((record) => 'mistake' in record)).toEqual([]);
      }),
    );
  });
});
