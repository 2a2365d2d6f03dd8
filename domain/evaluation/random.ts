const uint32 = 2 ** 32;

/** Gives the next number of a seeded sequence: 0 up to, not including, 1. */
export type Random = () => number;

/**
 * Opens a seeded sequence of numbers: the same keys give the same sequence everywhere, for ever.
 *
 * xoshiro128** (D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47, 2021), its state
 * filled from the keys by the finish of MurmurHash3 (A. Appleby). For simulation, not for secrets.
 *
 * @param keys - whole numbers, for instance seed, number of the question, number of the seat
 */
export function randomFrom(...keys: readonly number[]): Random {
  let [a, b, c, d] = [1, 2, 3, 4].map((word) => keys.reduce(mixed, mixed(word, keys.length))) as [
    number,
    number,
    number,
    number,
  ];
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result / uint32;
  };
}

function mixed(state: number, key: number): number {
  let hash = Math.imul(state ^ Math.imul(key, 0x9e3779b1), 0x85ebca6b) + 0x6d2b79f5;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** Draws from the standard normal distribution: G. E. P. Box, M. E. Muller (1958). */
export function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * Draws from the gamma distribution of scale 1: G. Marsaglia, W. W. Tsang, "A Simple Method for Generating Gamma
 * Variables", ACM TOMS 26 (2000), with their step for shapes below 1.
 *
 * @param random - where its numbers come from
 * @param shape - above 0
 */
export function drawGamma(random: Random, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = drawNormal(random);
    const v = (1 + c * x) ** 3;
    const isAccepted = v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v);
    if (isAccepted) return d * v;
  }
}

/**
 * Draws from the beta distribution.
 *
 * @param random - where its numbers come from
 * @param mean - between 0 and 1, both excluded
 * @param concentration - above 0; the larger, the nearer to the mean. The variance is mean x (1 - mean) / (concentration + 1)
 */
export function drawBeta(random: Random, mean: number, concentration: number): number {
  const one = drawGamma(random, mean * concentration);
  const other = drawGamma(random, (1 - mean) * concentration);
  return one / (one + other);
}
