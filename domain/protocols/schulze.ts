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
    const places = options.map((option) =>
      ranking.includes(option) ? ranking.indexOf(option) : Infinity,
    );
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
  const paths = indices.map((from) =>
    indices.map((to) => {
      const power = powerOver(preferences, from, to);
      return power > powerOver(preferences, to, from) ? power : 0n;
    }),
  );
  for (const via of indices)
    for (const [from, row] of paths.entries())
      for (const [to, strength] of row.entries()) {
        const [first, second] = [powerOver(paths, from, via), powerOver(paths, via, to)];
        const weakest = first < second ? first : second;
        if (from !== to && weakest > strength) row[to] = weakest;
      }
  return paths;
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
