import { fnv1a } from '../../domain/prompts/seeded-shuffle.ts';

/** Granularity of the cache, characters; the real ones cache in steps as well. */
const BLOCK = 512;
/** Most prefixes that are remembered; then all are forgotten, which only costs cached tokens. */
const PREFIXES_MAX = 200_000;

/** Remembers which beginnings of prompts a model has seen, as providers' prefix caches do. */
export interface PrefixCache {
  /** Gives the characters of the longest beginning seen before, and remembers this prompt's. */
  seen(model: string, prompt: string): number;
}

/** Makes an empty cache. */
export function createPrefixCache(): PrefixCache {
  const prefixes = new Set<number>();
  return {
    seen(model, prompt) {
      if (prefixes.size > PREFIXES_MAX) prefixes.clear();
      let hash = fnv1a(model);
      let longest = 0;
      for (let end = BLOCK; end <= prompt.length; end += BLOCK) {
        // Each block's hash is seeded with the ones before it; 52 bits keep chance hits away.
        hash = fnv1a(`${hash}${prompt.slice(end - BLOCK, end)}`);
        const prefix = hash * 2 ** 20 + end / BLOCK;
        if (prefixes.has(prefix)) longest = end;
        else prefixes.add(prefix);
      }
      return longest;
    },
  };
}
