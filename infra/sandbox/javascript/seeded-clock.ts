import { createHash } from 'node:crypto';

/** The earliest that {@link seededClock} tells. */
export const yearStartNs = BigInt(Date.UTC(2025, 0, 1)) * 1_000_000n;
const yearNs = 365n * 24n * 3600n * 1_000_000_000n;

/**
 * Tells what time a snippet sees, at every question the same: a moment of the year 2025, drawn from its seed, on any machine the
 * same. Its chance begins there too.
 *
 * @param seed - any text
 * @returns nanoseconds since 1970
 */
export function seededClock(seed: string): bigint {
  const drawn = createHash('sha256').update(`clock\n${seed}`).digest().readBigUInt64BE();
  return yearStartNs + (drawn % yearNs);
}
