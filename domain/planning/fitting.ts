import type { BudgetLimits, Plan } from '../collaboration/plan.ts';
import { estimateOf, type PricesByAgent } from './estimate.ts';

/** Most tokens of materials in one prompt, however large the budget. */
export const materialTokensMax = 24_000;

/** Least that a reply is given, so that an answer and its reason fit. */
export const outputTokensMin = 400;

/** A plan before it is fitted, and what may be made smaller. */
export interface Draft {
  /** With the longest reply that is wanted; its `promptTokens` count everything but the materials. */
  readonly plan: Plan;
  /** All materials, tokens. */
  readonly materialTokens: number;
  /** Whether the request itself says how long a reply may be. */
  readonly isOutputFixed: boolean;
}

/** Finest step in which a plan is made smaller. */
const steps = 1_000;

/** The smallest form of a plan: shortest replies, no materials. */
export function leastOf({ plan, isOutputFixed }: Draft): Plan {
  const shortest = Math.min(outputTokensMin, plan.maxOutputTokens);
  return isOutputFixed ? plan : { ...plan, maxOutputTokens: shortest };
}

/**
 * Makes a plan as large as its budget allows: replies and materials shrink together until the whole run fits.
 *
 * Where not even the smallest form fits, the run will end at its budget before its last round; then materials take
 * what keeps the first round within half of the budget, for an answer without them would be worth little.
 */
export function fitted(draft: Draft, prices: PricesByAgent): Plan {
  const whole = largest((step) =>
    isWithin(totalOf(scaled(draft, step), prices), draft.plan.budget),
  );
  if (whole !== null) return scaled(draft, whole);
  const least = leastOf(draft);
  const half = halfOf(draft.plan.budget);
  const first = largest((step) =>
    isWithin(firstRoundOf(withMaterials(draft, least, step), prices), half),
  );
  return first === null ? least : withMaterials(draft, least, first);
}

function scaled(draft: Draft, step: number): Plan {
  const { maxOutputTokens: least } = leastOf(draft);
  const more = Math.floor(((draft.plan.maxOutputTokens - least) * step) / steps);
  return withMaterials(draft, { ...draft.plan, maxOutputTokens: least + more }, step);
}

function withMaterials(draft: Draft, plan: Plan, step: number): Plan {
  const room = Math.floor((materialTokensMax * step) / steps);
  return { ...plan, promptTokens: draft.plan.promptTokens + Math.min(draft.materialTokens, room) };
}

interface Total {
  readonly tokens: number;
  readonly microsUsd: number | null;
}

function totalOf(plan: Plan, prices: PricesByAgent): Total {
  const { inputTokens, outputTokens, microsUsd } = estimateOf(plan, prices);
  return { tokens: inputTokens + outputTokens, microsUsd };
}

function firstRoundOf(plan: Plan, prices: PricesByAgent): Total {
  const { oneRoundTokens, oneRoundMicrosUsd } = estimateOf(plan, prices);
  return { tokens: oneRoundTokens, microsUsd: oneRoundMicrosUsd };
}

function isWithin(total: Total, { tokens, microsUsd }: BudgetLimits): boolean {
  return total.tokens <= (tokens ?? Infinity) && (total.microsUsd ?? 0) <= (microsUsd ?? Infinity);
}

function halfOf({ tokens, microsUsd }: BudgetLimits): BudgetLimits {
  return {
    tokens: tokens === null ? null : tokens / 2,
    microsUsd: microsUsd === null ? null : microsUsd / 2,
  };
}

/** The largest step that fits, where each smaller one fits too; `null` when none does. */
function largest(fits: (step: number) => boolean): number | null {
  if (fits(steps)) return steps;
  if (!fits(0)) return null;
  let [low, high] = [0, steps];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
