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

/** Each contender run `n` times, by turns and in a random order, so that a busy minute of the machine is everybody's. */
export async function byTurns<Result>(
  n: number,
  contenders: ReadonlyMap<string, () => Promise<Result>>,
): Promise<ReadonlyMap<string, Result[]>> {
  const results = new Map([...contenders.keys()].map((name): [string, Result[]] => [name, []]));
  for (let round = 0; round < n; round++) {
    const order = [...contenders].map(([name, run]) => ({ name, run, at: Math.random() }));
    for (const { name, run } of order.sort((one, other) => one.at - other.at)) {
      results.get(name)?.push(await run());
    }
  }
  return results;
}
