/** The report: printed, and with `--write` put into docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Spread } from './stats.ts';

export interface Row {
  readonly what: string;
  readonly found: string;
  /** Omitted if no value was promised. */
  readonly promised?: string;
  readonly kept?: boolean;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

export interface Report {
  readonly sections: readonly Section[];
  readonly notes: readonly string[];
}

export const spread = ({ p25, p50, p75, n }: Spread, digits: number): string =>
  `${p50.toFixed(digits)} ms (${p25.toFixed(digits)}–${p75.toFixed(digits)}, n = ${n})`;

export const machine = (): string =>
  `Node ${process.versions.node} on ${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;

const resultOf = ({ promised, kept }: Row, not: string): string =>
  promised ? `${promised}: ${kept ? 'kept' : not}` : '';

export function print({ sections, notes }: Report): void {
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(({ what }) => what.length)));
  for (const { title, rows } of sections) {
    console.log(`\n${title}`);
    for (const row of rows) {
      console.log(`  ${row.what.padEnd(width)}  ${row.found}   ${resultOf(row, 'NOT KEPT')}`.trimEnd());
    }
  }
  for (const note of ['', ...notes]) console.log(note);
}

/** Writes into the section of the document for this major version of Node. */
export function write({ sections, notes }: Report): void {
  const lines = sections.flatMap(({ title, rows }) => [
    `| **${title}** | | |`,
    ...rows.map((row) => `| ${row.what} | ${row.found} | ${resultOf(row, 'not kept')} |`),
  ]);
  const table = [...notes, '', '| what | p50 (p25–p75) | promised |', '| --- | --- | --- |', ...lines].join(
    '\n',
  );
  const [major] = process.versions.node.split('.');
  const section = new RegExp(`(<!-- Node ${major} -->)[^]*?(<!-- / -->)`);
  const before = readFileSync(DOCUMENT, 'utf8');
  if (!section.test(before))
    throw new Error(`docs/performance.md has no section for Node ${major}; run this with Node 24`);
  writeFileSync(
    DOCUMENT,
    before.replace(section, (_, start, end) => `${start}\n\n${table}\n\n${end}`),
  );
}

const DOCUMENT = new URL('../../../docs/performance.md', import.meta.url);
