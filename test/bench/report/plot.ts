/** Bars for docs/performance.md: a panel for each comparison, a bar for each contender, its middle half as a whisker. */
import type { Spread } from './stats.ts';

export interface Panel {
  readonly title: string;
  /** In milliseconds. */
  readonly bars: readonly { readonly name: string; readonly ours: boolean; readonly spread: Spread }[];
}

const WIDTH = 760;
const NAMES_WIDTH = 190;
const VALUES_WIDTH = 150;
const BAR = 18;
const ROW = 26;
const HEAD = 34;
const EDGE = 20;

/** An SVG with its own ground, so that it can be read on a light page and on a dark one. */
export function plot(title: string, panels: readonly Panel[]): string {
  const tops = panels.map((_, at) =>
    panels.slice(0, at).reduce((sum, { bars }) => sum + HEAD + bars.length * ROW + EDGE, EDGE + HEAD),
  );
  const height = panels.reduce((sum, { bars }) => sum + HEAD + bars.length * ROW + EDGE, EDGE + HEAD);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text(EDGE, EDGE + 14, 'title', title),
    ...panels.flatMap((panel, at) => drawn(panel, tops[at] ?? 0)),
    '</svg>',
    '',
  ].join('\n');
}

function drawn({ title, bars }: Panel, top: number): string[] {
  const left = EDGE + NAMES_WIDTH;
  const most = Math.max(...bars.map(({ spread }) => spread.p75));
  const long = (ms: number) => Math.round((ms / most) * (WIDTH - left - VALUES_WIDTH - EDGE) * 10) / 10;
  return [
    text(EDGE, top + 18, 'head', title),
    ...bars.flatMap(({ name, ours, spread: { p25, p50, p75 } }, at) => {
      const y = top + HEAD + at * ROW;
      const middle = y + BAR / 2;
      return [
        text(left - 10, middle + 4, 'name', name),
        `<rect class="${ours ? 'ours' : 'others'}" x="${left}" y="${y}" width="${long(p50)}" height="${BAR}" rx="2"/>`,
        `<path class="whisker" d="M${left + long(p25)} ${middle}H${left + long(p75)}"/>`,
        text(left + long(p75) + 8, middle + 4, 'value', `${shown(p50)} ms (${shown(p25)}–${shown(p75)})`),
      ];
    }),
  ];
}

const shown = (ms: number) => ms.toFixed(ms < 20 ? 1 : 0);

const text = (x: number, y: number, kind: string, content: string) =>
  `<text class="${kind}" x="${x}" y="${y}">${escaped(content)}</text>`;

const escaped = (content: string) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const STYLE = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1f2328}',
  '.title{font-size:15px;font-weight:600}',
  '.head{font-weight:600}',
  '.name{text-anchor:end}',
  '.value{font-variant-numeric:tabular-nums;fill:#59636e}',
  '.ground{fill:#fff;stroke:#d1d9e0}',
  '.ours{fill:#0969da}',
  '.others{fill:#a0a9b3}',
  '.whisker{stroke:#1f2328;stroke-width:2}',
  '@media (prefers-color-scheme:dark){',
  'text{fill:#f0f6fc}.value{fill:#9198a1}.ground{fill:#151b23;stroke:#3d444d}',
  '.ours{fill:#4493f8}.others{fill:#656c76}.whisker{stroke:#f0f6fc}}',
].join('');
