import { type CsvRecord, csvRecords } from '../../../functions/core/find-profile/csv.ts';
import { CommandError } from '../cli/failure.ts';

/** What spans more is a quote that nothing closes. */
const MOST_LINES = 50;
const MOST_CHARACTERS = 64 * 1024;

/**
 * The records of a CSV with the line of the file on which each begins; no more of it is in memory than one record.
 * Behind a mistake it goes on with the next line.
 */
export async function* csvRows(text: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  let line = 1;
  let open: readonly string[] = [];
  for await (const next of linesOf(text)) {
    const lines = [...open, next];
    open = yield* complete(lines, line, false);
    line += lines.length - open.length;
  }
  yield* complete(open, line, true);
}

/** Answers the lines of a record that goes on. */
function* complete(
  lines: readonly string[],
  line: number,
  isEnd: boolean,
): Generator<CsvRecord, readonly string[]> {
  let begun = 0;
  let quotes = 0;
  for (let at = 0; at < lines.length; at += 1) {
    quotes += (lines[at] ?? '').split('"').length - 1;
    const isLast = at - begun === MOST_LINES - 1 || (isEnd && at === lines.length - 1);
    // After an odd number of quotes a line ends within a field.
    if (quotes % 2 === 1 && !isLast) continue;
    const [record] = csvRecords(lines.slice(begun, at + 1).join(''));
    if (record) yield { ...record, line: line + begun };
    if (record && 'mistake' in record) at = begun;
    begun = at + 1;
    quotes = 0;
  }
  return lines.slice(begun);
}

/** Each with its end, which may be part of a field. */
async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  let count = 0;
  for await (const chunk of text) {
    // Never parted at the very end, where a carriage return may be half of a line end.
    const lines = (rest + chunk).split(/(?<=\n|\r(?!\n))/);
    rest = lines.pop() ?? '';
    yield* lines;
    count += lines.length;
    if (rest.length > MOST_CHARACTERS) {
      throw new CommandError(
        `line ${count + 1} is longer than ${MOST_CHARACTERS} characters; is the file a CSV?`,
      );
    }
  }
  if (rest) yield rest;
}
