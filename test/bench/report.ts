/** The report: printed, and with `--write` put into docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Spread } from './stats.ts';

export interface Row {
  readonly what: string;
  readonly found: string;
  /** Nothing was promised of it where this is left out. */
  readonly promised?: string;
  readonly kept?: boolean;
}

export const spread = ({ p25, p50, p75, n }: Spread, digits: number): string =>
  `${p50.toFixed(digits)} ms (${p25.toFixed(digits)}–${p75.toFixed(digits)}, n = ${n})`;

export const machine = (): string =>
  `Node ${process.versions.node} on ${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;

export function print(rows: readonly Row[], notes: readonly string[]): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, found, promised, kept } of rows) {
    const verdict = promised ? `   ${kept ? 'kept' : 'NOT KEPT'}: ${promised}` : '';
    console.log(`${what.padEnd(width)}  ${found}${verdict}`);
  }
  for (const note of ['', ...notes]) console.log(note);
}

/** Into the place that the document keeps for this major version of Node. */
export function write(rows: readonly Row[], notes: readonly string[]): void {
  const lines = rows.map(({ what, found, promised, kept }) => {
    return `| ${what} | ${found} | ${promised ? `${promised}: ${kept ? 'kept' : 'not kept'}` : ''} |`;
  });
  const table = [...notes, '', '| what | p50 (p25–p75) | promised |', '| --- | --- | --- |', ...lines].join(
    '\n',
  );
  const [major] = process.versions.node.split('.');
  const place = new RegExp(`(<!-- Node ${major} -->)[^]*?(<!-- / -->)`);
  const before = readFileSync(DOCUMENT, 'utf8');
  if (!place.test(before)) throw new Error(`docs/performance.md has no place for Node ${major}`);
  writeFileSync(
    DOCUMENT,
    before.replace(place, (_, start, end) => `${start}\n\n${table}\n\n${end}`),
  );
}

const DOCUMENT = new URL('../../docs/performance.md', import.meta.url);
