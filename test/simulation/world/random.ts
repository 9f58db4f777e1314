/** A seeded random generator: the same seed gives the same numbers on every machine. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number from 0, less than `n`. */
  below(n: number): number;
  between(least: number, most: number): number;
  chance(p: number): boolean;
  pick<One>(list: readonly [One, ...One[]]): One;
}

/** sfc32 of PractRand, seeded by the numbers through splitmix32. */
export function randomOf(...seeds: readonly number[]): Random {
  let mixed = 0x9e3779b9;
  const word = (more: number) => {
    mixed = (mixed + 0x9e3779b9 + more) | 0;
    let z = mixed ^ (mixed >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    mixed ^= z;
    return (z ^ (z >>> 15)) | 0;
  };
  for (const seed of seeds) word(seed);
  let [a, b, c, counter] = [word(1), word(2), word(3), 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let n = 0; n < 12; n += 1) next();
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (p) => next() < p,
    pick: (list) => list[below(list.length)] ?? list[0],
  };
}

/** A 64-bit running hash of the trace: two FNV-1a hashes with different bases, the second also fed by the first. */
export function traceHash() {
  let [one, other] = [0x811c9dc5, 0x01000193];
  return {
    add(text: string) {
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        one = Math.imul(one ^ code, 0x01000193);
        other = Math.imul(other ^ code ^ (one >>> 24), 0x85ebca6b) ^ (other >>> 15);
      }
    },
    value: () => [one, other].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}
