const UINT32 = 2 ** 32;

/**
 * Shuffles by seed: the same seed and scope give the same order everywhere, for ever.
 *
 * Fisher and Yates, driven by mulberry32 (T. Ettinger, public domain, 2017) from the FNV-1a hash
 * (Fowler, Noll, Vo; 32 bits) of seed and scope. For order and anonymity, not for secrets.
 *
 * @param items - left as they are
 * @param seed - seed of the plan
 * @param scope - what is shuffled, so that two shuffles of one run differ
 */
export function seededShuffle<T>(items: readonly T[], seed: string, scope: string): readonly T[] {
  const random = mulberry32(fnv1a(`${seed}/${scope}`));
  const left = [...items];
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice(Math.floor(random() * left.length), 1));
  return shuffled;
}

/** Hashes a text to 32 bits (FNV-1a over UTF-16 units); for seeds and samples, not for identity. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / UINT32;
  };
}
