/** How often a part may die before the stack gives up on it. */
export interface RestartPatience {
  /** Deaths within the window after which the stack gives up. */
  readonly deathsMax: number;
  readonly windowMs: number;
  /** A part that was ready for this long has proven itself: earlier deaths are forgotten. */
  readonly steadyMs: number;
}

/** Five deaths within a minute without ten ready seconds between them. */
export const USUAL_PATIENCE: RestartPatience = {
  deathsMax: 5,
  windowMs: 60_000,
  steadyMs: 10_000,
};

/** One death of a part. */
export interface Death {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How long the part had been ready; 0 when it died before that. */
  readonly readyForMs: number;
}

/** What to do about a part that has just died. */
export type RestartVerdict =
  | { readonly kind: 'restart'; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly deaths: number };

const FIRST_DELAY_MS = 250;
const DELAY_MAX_MS = 5_000;

/**
 * Decides whether a dead part starts again, and when: the first time at once, since every moment
 * counts for those who wait; then after 250 ms, doubling up to 5 s.
 *
 * @param deaths - All deaths so far, oldest first, the latest last.
 * @param patience - When to give up.
 */
export function judgeDeath(
  deaths: readonly Death[],
  patience: RestartPatience = USUAL_PATIENCE,
): RestartVerdict {
  const row = deathsInARow(deaths, patience);
  if (row >= patience.deathsMax) return { kind: 'give-up', deaths: row };
  if (row <= 1) return { kind: 'restart', delayMs: 0 };
  return { kind: 'restart', delayMs: Math.min(FIRST_DELAY_MS * 2 ** (row - 2), DELAY_MAX_MS) };
}

function deathsInARow(deaths: readonly Death[], patience: RestartPatience): number {
  const latest = deaths.at(-1)?.at ?? 0;
  let row = 0;
  for (const death of deaths.toReversed()) {
    if (latest - death.at > patience.windowMs) break;
    row += 1;
    if (death.readyForMs >= patience.steadyMs) break;
  }
  return row;
}
