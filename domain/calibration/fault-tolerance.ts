/** Sizes of a quorum that hold against faulty seats; `least` may be above `most`, then none does. */
export interface QuorumRange {
  readonly least: number;
  readonly most: number;
}

/**
 * Tells how many seats it takes to tolerate faulty ones: they may stay silent, err, or lie together.
 *
 * Source: L. Lamport, R. Shostak, M. Pease, "The Byzantine Generals Problem", ACM Transactions on Programming Languages and
 * Systems 4 (1982).
 *
 * @param faults - number of faulty seats, 0 or more
 */
export function seatsNeeded(faults: number): number {
  return 3 * faults + 1;
}

/** Tells how many faulty seats a panel can tolerate at most. */
export function faultsTolerable(seats: number): number {
  return Math.floor((seats - 1) / 3);
}

/**
 * Tells which sizes of a quorum hold: with fewer than `2f + 1` liars could be as many among the supporters as honest
 * seats; with more than `n - f` those that stay silent could keep every option from it.
 *
 * Source: D. Malkhi, M. Reiter, "Byzantine quorum systems", Distributed Computing 11 (1998).
 *
 * @param seats - n, at least 1
 * @param faults - f, 0 or more
 */
export function quorumRange(seats: number, faults: number): QuorumRange {
  return { least: 2 * faults + 1, most: seats - faults };
}

/**
 * Takes the mean of numbers of which some may be lies: the lowest and the highest as many are left out, so that what
 * remains lies between honest numbers.
 *
 * Something that is no finite number counts as lowest, or as highest where it is infinity.
 *
 * Source: D. Dolev, N. Lynch, S. Pinter, E. Stark, W. Weihl, "Reaching approximate agreement in the presence of faults",
 * Journal of the ACM 33 (1986).
 *
 * @param values - what the seats said, in any order
 * @param faults - how many of them may lie, a whole number from 0
 * @returns a number between the least and the greatest honest one; `null` with fewer than `2 * faults + 1` values
 */
export function trimmedMean(values: readonly number[], faults: number): number | null {
  if (values.length < 2 * faults + 1) return null;
  const ordered = values
    .map((value) => (Number.isNaN(value) ? -Infinity : value))
    .sort((one, other) => Number(one > other) - Number(one < other));
  const kept = ordered.slice(faults, ordered.length - faults);
  const mean = kept.reduce((sum, value) => sum + value / kept.length, 0);
  // Rounding may put the mean of equal numbers beside them.
  return Math.min(Math.max(mean, Math.min(...kept)), Math.max(...kept));
}
