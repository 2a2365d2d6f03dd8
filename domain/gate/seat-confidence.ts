import { calibrated } from '../calibration/confidence-map.ts';
import type { Plan } from '../collaboration/plan.ts';

/**
 * Reads a seat's confidence: through the plan's own map of that seat where there is one, else as it was stated.
 *
 * @param plan - the run's plan
 * @param seat - name of the seat
 * @param confidence - 0 to 1 as stated; `null` where it was not
 * @returns 0 to 1; `null` stays unknown
 */
export function confidenceOf(plan: Plan, seat: string, confidence: number | null): number | null {
  const map = plan.calibration?.seats[seat];
  return confidence === null || map === undefined ? confidence : calibrated(map, confidence);
}
