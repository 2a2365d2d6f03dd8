import type { Plan } from '../collaboration/plan.ts';

/** How one seat's confidence becomes a probability: `logit(p) = slope * logit(confidence) + intercept`. */
interface ConfidenceReading {
  readonly slope: number;
  readonly intercept: number;
}

/** A plan that may say how the confidences of its seats are to be read. */
type ReadingPlan = Plan & {
  readonly calibration?: { readonly seats: Readonly<Record<string, ConfidenceReading>> };
};

/** Confidences beyond these are read as these: certainty has no finite log-odds. */
const confidenceRange = { least: 0.01, most: 0.99 } as const;

/**
 * Reads a seat's confidence: through the plan's own map of that seat where there is one, else as it was stated.
 *
 * @param plan - the run's plan
 * @param seat - name of the seat
 * @param confidence - 0 to 1 as stated; `null` where it was not
 * @returns 0 to 1; `null` stays unknown
 */
export function confidenceOf(
  plan: ReadingPlan,
  seat: string,
  confidence: number | null,
): number | null {
  const map = plan.calibration?.seats[seat];
  if (confidence === null || map === undefined) return confidence;
  const { least, most } = confidenceRange;
  const kept = Math.min(Math.max(confidence, least), most);
  return 1 / (1 + Math.exp(-(map.slope * Math.log(kept / (1 - kept)) + map.intercept)));
}
