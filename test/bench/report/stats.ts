/** The reported statistics: the median and the quartiles. */
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

/** Runs each contender `n` times, in turns and in random order, so that a busy minute affects all of them. */
export async function byTurns<Result>(
  n: number,
  contenders: ReadonlyMap<string, () => Promise<Result>>,
): Promise<ReadonlyMap<string, Result[]>> {
  const results = new Map([...contenders.keys()].map((name): [string, Result[]] => [name, []]));
  for (let pass = 0; pass < n; pass++) {
    for (const [name, run] of shuffled([...contenders])) results.get(name)?.push(await run());
  }
  return results;
}

export const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
