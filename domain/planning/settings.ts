/** What thoroughness decides where a request says nothing. */
export interface Settings {
  /** Most agents that are taken from the tenant's panel. */
  readonly agents: number;
  /** Rounds of a debate. */
  readonly rounds: number;
  readonly depth: 'combined' | 'split';
  /** Upper bound of one reply, tokens. */
  readonly maxOutputTokens: number;
}

/** Ranges of thoroughness by name: quick to 0.3, balanced to 0.6, thorough above. */
export type ThoroughnessBand = 'quick' | 'balanced' | 'thorough';

/** Thoroughness where a request names none. */
export const thoroughnessDefault = 0.5;

/** From here on critique and revision are a call each. */
const splitFrom = 0.8;

const outputTokens = { least: 512, most: 2_048 } as const;

const bands: Readonly<Record<ThoroughnessBand, { agents: number; rounds: number }>> = {
  quick: { agents: 3, rounds: 1 },
  balanced: { agents: 5, rounds: 2 },
  thorough: { agents: 9, rounds: 3 },
};

/**
 * Names the range that a thoroughness lies in.
 *
 * @param thoroughness - 0 to 1
 */
export function bandOf(thoroughness: number): ThoroughnessBand {
  if (thoroughness <= 0.3) return 'quick';
  return thoroughness <= 0.6 ? 'balanced' : 'thorough';
}

/**
 * Turns the one dial into settings. More thoroughness never gives less of anything.
 *
 * | thoroughness | agents | rounds | depth | reply, tokens |
 * |---|---|---|---|---|
 * | to 0.3, quick | 3 | 1 | combined | 512 to 973 |
 * | to 0.6, balanced | 5 | 2 | combined | to 1,434 |
 * | above, thorough | 9 | 3 | split from 0.8 | to 2,048 |
 *
 * @param thoroughness - 0 to 1
 */
export function settingsFor(thoroughness: number): Settings {
  const { least, most } = outputTokens;
  return {
    ...bands[bandOf(thoroughness)],
    depth: thoroughness >= splitFrom ? 'split' : 'combined',
    maxOutputTokens: Math.round(least + (most - least) * thoroughness),
  };
}
