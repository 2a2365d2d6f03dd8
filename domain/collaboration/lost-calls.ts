import { unknownUsage } from '../providers/usage.ts';
import type { LostCalls, TurnFact } from './fact.ts';

/** What was reserved for a call that may have been paid and whose answer never came. */
export interface LostTry {
  readonly tokens: number;
  /** Integer micro-dollars; 0 where the price is unknown. */
  readonly microsUsd: number;
}

/**
 * Tells in a turn's fact what became of the calls for it that nobody heard of again.
 *
 * @param fact - how the turn ended
 * @param tries - the calls that were lost, in the order in which they were begun
 * @param hasCall - whether the fact's cost is that of a call; if not, it becomes that of the last one that was lost
 */
export function withLostCalls(
  fact: TurnFact,
  tries: readonly LostTry[],
  hasCall: boolean,
): TurnFact {
  const last = tries.at(-1);
  if (last === undefined) return fact;
  if (fact.type === 'turn.refused' || hasCall) return beside(fact, tries);
  const cost = { usage: unknownUsage, microsUsd: null, charged: last };
  return beside({ ...fact, ...cost }, tries.slice(0, -1));
}

function beside(fact: TurnFact, tries: readonly LostTry[]): TurnFact {
  return tries.length === 0 ? fact : { ...fact, lost: lostCalls(tries) };
}

/** Adds up calls that were lost. */
export function lostCalls(tries: readonly LostTry[]): LostCalls {
  return {
    calls: tries.length,
    tokens: tries.reduce((sum, { tokens }) => sum + tokens, 0),
    microsUsd: tries.reduce((sum, { microsUsd }) => sum + microsUsd, 0),
  };
}
