import type { Cost } from '../collaboration/decision.ts';
import type { TurnCost } from '../collaboration/fact.ts';
import { addUsage, noUsage, totalTokens } from '../providers/usage.ts';

const microsPerUsd = 1_000_000;

/**
 * Adds up what calls cost.
 *
 * @param costs - one entry per call, also of those that gave nothing usable; replies that were taken over have cost nothing
 * @returns totals; one that a single call left unknown is unknown, and `unknownCalls` says how many left something so
 */
export function totalCost(costs: readonly TurnCost[]): Cost {
  const usage = costs.reduce((sum, cost) => addUsage(sum, cost.usage), noUsage);
  const micros = costs.reduce<number | null>(
    (sum, { microsUsd }) => (sum === null || microsUsd === null ? null : sum + microsUsd),
    0,
  );
  const reused = costs.filter((cost) => cost.reused !== undefined).length;
  return {
    inputTokens: usage.inputTokens,
    cachedTokens: usage.cachedTokens,
    outputTokens: usage.outputTokens,
    usd: micros === null ? null : micros / microsPerUsd,
    calls: costs.length - reused,
    unknownCalls: costs.filter((cost) => isUnknown(cost)).length,
    ...(reused === 0 ? {} : { reused }),
  };
}

function isUnknown(cost: TurnCost): boolean {
  return totalTokens(cost.usage) === null || cost.microsUsd === null;
}
