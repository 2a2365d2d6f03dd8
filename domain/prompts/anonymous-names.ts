import { seededShuffle } from './seeded-shuffle.ts';

const LETTERS = 26;

/**
 * Names a run's seats for each other: "Participant A", "Participant B" … in an order that the seed decides,
 * the same for every reader and every round, so that the transcript stays a stable prefix.
 *
 * @param seed - seed of the plan
 * @param seats - seats of the plan, then those that joined later, in the order in which they joined
 * @param joinedLater - how many of `seats` joined later: they are named after the others, so that nobody is renamed
 * @returns seat to name
 */
export function anonymousNames(
  seed: string,
  seats: readonly string[],
  joinedLater = 0,
): ReadonlyMap<string, string> {
  const planned = seats.length - joinedLater;
  const order = [...seededShuffle(seats.slice(0, planned), seed, 'names'), ...seats.slice(planned)];
  return new Map(order.map((seat, index) => [seat, `Participant ${lettersOf(index)}`]));
}

/** A to Z, then AA, AB … */
function lettersOf(index: number): string {
  const last = String.fromCharCode(65 + (index % LETTERS));
  return index < LETTERS ? last : lettersOf(Math.floor(index / LETTERS) - 1) + last;
}
