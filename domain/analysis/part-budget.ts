import type { BudgetLimits } from '../collaboration/plan.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { allParts, partsIn } from './parts.ts';

type Limit = keyof BudgetLimits;

/**
 * Gives the next part its share of the budget: of what is neither used, nor promised to parts that run, nor held back for
 * the synthesis, as much as is left for each part that has not begun.
 *
 * @param state - with at least one part that has not begun
 */
export function shareOfPart(state: RunState): BudgetLimits {
  return { tokens: shareIn(state, 'tokens'), microsUsd: shareIn(state, 'microsUsd') };
}

function shareIn({ budget, spent, plan, parts }: RunState, limit: Limit): number | null {
  const most = budget[limit];
  if (most === null) return null;
  const promised = allParts(parts).reduce(
    // A limit that was set while a part ran does not bind that part.
    (sum, part) => (part.end === null ? sum + (part.budget?.[limit] ?? 0) : sum),
    0,
  );
  const left = most - spent[limit] - promised - (plan.cutting?.reserve[limit] ?? 0);
  return Math.max(0, Math.floor(left / partsIn(parts, 'planned').length));
}
