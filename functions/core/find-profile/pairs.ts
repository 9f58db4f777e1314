import { csvRecords } from './csv.ts';
import type { Pair } from './find-profile.ts';
import { readingsOf } from './interpretations.ts';

/** Three to five tell profiles apart. */
const MOST_PAIRS = 10;
/** Twice what a name of 64 bytes takes in hex and in groups of four. */
const MOST_SERIAL = 400;

/** The pairs in CSV, `name,serial` above them or not; or the first mistake: its line, what was found, what would do. */
export function pairsIn(csv: string): { readonly pairs: readonly Pair[] } | { readonly mistake: string } {
  const pairs: Pair[] = [];
  for (const record of csvRecords(csv.replace(/^\ufeff/, ''))) {
    const mistake = 'mistake' in record ? record.mistake : mistakeIn(record.fields, pairs.length);
    if (mistake !== undefined) return { mistake: `line ${record.line}: ${mistake}` };
    const [name = '', serial = ''] = 'fields' in record ? record.fields : [];
    const isHeader = pairs.length === 0 && /^name,serial$/i.test(`${name.trim()},${serial.trim()}`);
    if (!isHeader) pairs.push({ name, serial });
  }
  return pairs.length > 0
    ? { pairs }
    : { mistake: 'found no pair; write lines like "Jane Q. Sample",B05F5DA7' };
}

function mistakeIn(fields: readonly string[], before: number): string | undefined {
  const [name = '', serial = ''] = fields;
  if (fields.length !== 2) {
    const found = fields.length === 1 ? 'one field' : `${fields.length} fields`;
    return `found ${found}; write name,serial with "…" around what has a comma in it`;
  }
  if (before === MOST_PAIRS) return `found more than ${MOST_PAIRS} pairs; write three to five`;
  if (serial.trim() === '') return 'found no serial; write name,serial';
  if (serial.length > MOST_SERIAL) {
    return `found a serial of ${serial.length} characters; write at most ${MOST_SERIAL}`;
  }
  return readingsOf([name]).length > 0
    ? undefined
    : 'found a name that Keypost would hold: none, too long, damaged, or with a control character in it';
}
