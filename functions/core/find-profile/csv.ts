export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly mistake: string };

/** CSV by RFC 4180, record by record with the line it begins on, without empty lines; it ends at the first mistake. */
export function* csvRecords(text: string): Generator<CsvRecord> {
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\r|\n|$)/y;
  let [line, begun] = [1, 1];
  let fields: string[] = [];
  while (field.lastIndex < text.length || fields.length > 0) {
    const start = field.lastIndex;
    const [whole, quoted, plain = '', end] = field.exec(text) ?? [];
    if (whole === undefined) return yield { line, mistake: misquoted(text.slice(start)) };
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ',') continue;
    if (fields.length > 1 || fields[0] !== '') yield { line: begun, fields };
    fields = [];
    begun = line;
  }
}

function misquoted(rest: string): string {
  if (!rest.startsWith('"'))
    return 'found a quote within a field; write "…" around the field, and "" for the quote';
  return /^"[^"]*(?:""[^"]*)*"/.test(rest)
    ? 'found something behind a closing quote; write a comma there, or end the line'
    : 'found a quote that nothing closes; write another at the end of the field';
}
