/** A ranking with its voting power; options left out rank below all that are named. */
export interface RankedVote {
  readonly ranking: readonly string[];
  readonly units: bigint;
}

/** Power of rows over columns; an empty cell is no power at all. */
type Matrix = readonly (readonly bigint[])[];

/** Reads how much power the row's option has over the column's. */
export function powerOver(matrix: Matrix, row: number, column: number): bigint {
  return matrix[row]?.[column] ?? 0n;
}

/** Power that ranks the row's option above the column's, in the order of `options`. */
export function pairwisePreferences(
  options: readonly string[],
  votes: readonly RankedVote[],
): Matrix {
  const preferences = options.map((): bigint[] => []);
  for (const { ranking, units } of votes) {
    const placeOf = new Map(ranking.map((option, place) => [option, place]));
    const places = options.map((option) => placeOf.get(option) ?? Infinity);
    for (const [above, row] of preferences.entries())
      for (const [below, place] of places.entries())
        if (Number(places[above]) < place)
          row[below] = powerOver(preferences, above, below) + units;
  }
  return preferences;
}

/**
 * Strength of the strongest path between any two options, measured in winning votes.
 *
 * The strength of a path is that of its weakest link. Source: Schulze (2011), section 2.3, which
 * widens paths as Floyd and Warshall do.
 */
export function strongestPaths(preferences: Matrix): Matrix {
  const indices = [...preferences.keys()];
  const links = indices.map((from) =>
    indices.map((to) => {
      const power = powerOver(preferences, from, to);
      return power > powerOver(preferences, to, from) ? power : 0n;
    }),
  );
  // Strengths are only compared, so their ranks do as well, and small numbers are widened faster.
  const strengths = [...new Set(links.flat())].sort((a, b) => (a < b ? -1 : 1));
  const rankOf = new Map(strengths.map((strength, rank) => [strength, rank]));
  const paths = links.map((row) =>
    Int32Array.from(row, (strength) => Number(rankOf.get(strength))),
  );
  widen(paths);
  return paths.map((row, from) =>
    Array.from(row, (rank, to) => (from === to ? 0n : powerOver([strengths], 0, rank))),
  );
}

/** Takes the way over every option where its weakest link is stronger than the way so far. */
function widen(paths: readonly Int32Array[]): void {
  for (const [via, onward] of paths.entries())
    for (const row of paths) {
      const first = Number(row[via]);
      onward.forEach((second, to) => {
        const weakest = first < second ? first : second;
        if (weakest > Number(row[to])) row[to] = weakest;
      });
    }
}

/**
 * Ranks options by the Schulze method: groups from best to worst, all unbeaten ones in the first.
 *
 * An option beats another when its strongest path to it is stronger than the one back. More than one
 * unbeaten option is a tie. The groups below go by the number of options beaten, which never
 * contradicts who beats whom.
 */
export function schulzeRanking(
  options: readonly string[],
  votes: readonly RankedVote[],
): readonly (readonly string[])[] {
  const paths = strongestPaths(pairwisePreferences(options, votes));
  const indices = [...options.keys()];
  const standings = options.map((option, index) => {
    const isOver = (from: number, to: number): boolean =>
      powerOver(paths, from, to) > powerOver(paths, to, from);
    const isBeaten = indices.some((other) => isOver(other, index));
    const beaten = indices.filter((other) => isOver(index, other)).length;
    return { option, level: isBeaten ? beaten : Infinity };
  });
  const levels = [...new Set(standings.map((standing) => standing.level))].sort((a, b) =>
    a < b ? 1 : -1,
  );
  return levels.map((level) =>
    standings.filter((standing) => standing.level === level).map((standing) => standing.option),
  );
}
