/** Numbers as they are reported: the one in the middle, and those between which the middle half lies. */
export interface Spread {
  readonly n: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN;
  return { n: sorted.length, p25: at(0.25), p50: at(0.5), p75: at(0.75) };
}

type Measure = () => Promise<number>;

/** Each measured `n` times, by turns and in a random order, so that a busy minute of the machine is everybody's. */
export async function sideBySide(n: number, ours: Measure, others: Measure) {
  const samples = { ours: [] as number[], others: [] as number[] };
  for (let round = 0; round < n; round++) {
    const oursFirst = Math.random() < 0.5;
    if (oursFirst) samples.ours.push(await ours());
    samples.others.push(await others());
    if (!oursFirst) samples.ours.push(await ours());
  }
  return { ours: spreadOf(samples.ours), others: spreadOf(samples.others) };
}
