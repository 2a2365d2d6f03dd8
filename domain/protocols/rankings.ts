/**
 * Rankings of a list of options that can make a difference, from the empty one upwards.
 *
 * One that leaves out just the last of several options says the same as the full one, which is
 * therefore not among them.
 */
export function rankingsOf(options: readonly string[]): readonly (readonly string[])[] {
  let longest: readonly (readonly string[])[] = [[]];
  const rankings = [...longest];
  for (let length = 1; length <= longestRanking(options.length); length += 1) {
    longest = longest.flatMap((head) =>
      options.filter((option) => !head.includes(option)).map((option) => [...head, option]),
    );
    rankings.push(...longest);
  }
  return rankings;
}

/** How many rankings `rankingsOf` gives for a number of options, without listing them. */
export function rankingCount(options: number): number {
  let ofLength = 1;
  let count = 1;
  for (let length = 1; length <= longestRanking(options); length += 1) {
    ofLength *= options - length + 1;
    count += ofLength;
  }
  return count;
}

function longestRanking(options: number): number {
  return Math.max(1, options - 1);
}
