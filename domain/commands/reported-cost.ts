import { microsOf } from '../providers/price.ts';
import type { Usage } from '../providers/usage.ts';
import type { ReportedCost } from './command-output.ts';

/** Numbers as a program printed them; whatever is no number counts as not told. */
export interface PrintedCounts {
  /** All input, cached tokens included. */
  readonly input: unknown;
  readonly cached: unknown;
  readonly output: unknown;
  readonly costUsd?: unknown;
}

/**
 * Reads what a program says that it used.
 *
 * Programs print 0 where their provider told them nothing, and a cost of 0 for a model whose price they do not know. A call
 * without input or output does not exist, so such zeros are read as unknown.
 */
export function reportedCost(printed: PrintedCounts): ReportedCost {
  const usage = usageOf(printed);
  const usd = printed.costUsd;
  const isTold = typeof usd === 'number' && Number.isFinite(usd) && usd > 0;
  return { usage, costMicrosUsd: isTold ? microsOf(usd) : null };
}

/**
 * Adds printed numbers.
 *
 * @param values - as they were printed
 * @returns their sum; `undefined` where there are none or one of them is no count
 */
export function addedUp(values: readonly unknown[]): number | undefined {
  const counts = values.map(countOf);
  if (counts.length === 0 || counts.includes(null)) return undefined;
  return (counts as number[]).reduce((sum, count) => sum + count, 0);
}

function usageOf({ input, cached, output }: PrintedCounts): Usage {
  const inputTokens = positive(countOf(input));
  return {
    inputTokens,
    cachedTokens: inputTokens === null ? null : countOf(cached),
    outputTokens: positive(countOf(output)),
  };
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function positive(count: number | null): number | null {
  return count === 0 ? null : count;
}
