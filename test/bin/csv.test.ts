/** CSV records, as people write them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvRecords } from '../../functions/core/find-profile/csv.ts';

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
