import { calibrated, unprovenMap } from '../calibration/confidence-map.ts';
import type { Plan } from '../collaboration/plan.ts';

/**
 * Reads a seat's confidence: by the plan's calibration where there is one, else as it was stated.
 *
 * @param plan - may hold a map for each seat; a seat that joined later is read as one without a record
 * @param seat - who stated it
 * @param confidence - 0 to 1 as stated; `null` where it was not
 * @returns 0 to 1; `null` stays unknown
 */
export function confidenceOf(plan: Plan, seat: string, confidence: number | null): number | null {
  if (confidence === null || plan.calibration === undefined) return confidence;
  return calibrated(plan.calibration.seats[seat] ?? unprovenMap, confidence);
}
