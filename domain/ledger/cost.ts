import type { PartCost } from '../analysis/analysis-terms.ts';
import type { Cost } from '../collaboration/decision.ts';
import type { TurnCost } from '../collaboration/fact.ts';
import { addUsage, noUsage, totalTokens } from '../providers/usage.ts';

const microsPerUsd = 1_000_000;

/**
 * Adds up what calls cost.
 *
 * @param costs - one entry per call, also of those that gave nothing usable; replies that were taken over have cost nothing
 * @param parts - what the parts of an analysis cost beside them, sums of their own calls
 * @returns totals; one that a single call left unknown is unknown, and `unknownCalls` says how many left something so
 */
export function totalCost(costs: readonly TurnCost[], parts: readonly PartCost[] = []): Cost {
  const all = [...costs, ...parts];
  const usage = all.reduce((sum, cost) => addUsage(sum, cost.usage), noUsage);
  const micros = all.reduce<number | null>(
    (sum, { microsUsd }) => (sum === null || microsUsd === null ? null : sum + microsUsd),
    0,
  );
  const reused = costs.filter((cost) => cost.reused !== undefined).length;
  return {
    inputTokens: usage.inputTokens,
    cachedTokens: usage.cachedTokens,
    outputTokens: usage.outputTokens,
    usd: micros === null ? null : micros / microsPerUsd,
    calls: costs.length - reused + sumOf(parts, 'calls'),
    unknownCalls: costs.filter((cost) => isUnknown(cost)).length + sumOf(parts, 'unknownCalls'),
    ...(reused === 0 ? {} : { reused }),
  };
}

function isUnknown(cost: TurnCost): boolean {
  return totalTokens(cost.usage) === null || cost.microsUsd === null;
}

function sumOf(parts: readonly PartCost[], field: 'calls' | 'unknownCalls'): number {
  return parts.reduce((sum, part) => sum + part[field], 0);
}
