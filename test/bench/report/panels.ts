/** The panels of docs/performance.svg. */
import { writeFileSync } from 'node:fs';
import type { Start, Starts, warmOrders } from '../contest/contest.ts';
import { type Panel, plot } from './plot.ts';
import type { Spread } from './stats.ts';

/** That of lib/lambda.ts. */
const LAMBDA_NODE = '24';

/** Writes the plot; on another Node than Lambda's it leaves the one that is there. */
export function draw(starts: Starts, warm: Awaited<ReturnType<typeof warmOrders>>): void {
  const [major = ''] = process.versions.node.split('.');
  if (major !== LAMBDA_NODE) return;
  const { n } = starts.of('warmed').first;
  const title = `Keypost beside others, Node ${major}: the middle of ${n} cold starts, and the middle half`;
  writeFileSync(FILE, plot(title, panelsOf(starts, warm)));
}

export function panelsOf(
  { megabytes, of }: Starts,
  warm: Awaited<ReturnType<typeof warmOrders>>,
): readonly Panel[] {
  const contest = (title: string, part: (start: Start) => Spread): Panel => ({
    title,
    bars: [
      { name: 'Keypost', ours: true, spread: part(of('warmed')) },
      { name: '… with nothing warmed', ours: true, spread: part(of('unwarmed')) },
      { name: 'the three calls alone', ours: false, spread: part(of('threeCalls')) },
      { name: 'the textbook’s', ours: false, spread: part(of('textbook')) },
    ],
  });
  return [
    contest(`First order at ${megabytes} MB`, ({ first }) => first),
    contest('Start, before any order', ({ load }) => load),
    contest('Start and first order together', ({ both }) => both),
    {
      title: 'CPU of a warm order',
      bars: [
        { name: 'Keypost', ours: true, spread: warm.ours },
        { name: 'the three calls alone', ours: false, spread: warm.threeCalls },
        { name: 'the textbook’s', ours: false, spread: warm.textbook },
      ],
    },
  ];
}

const FILE = new URL('../../../docs/performance.svg', import.meta.url);
