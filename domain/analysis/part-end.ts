import type { RunState } from '../collaboration/run-state.ts';
import { noUsage } from '../providers/usage.ts';
import type { PartCost, PartEnd, RefusalReason } from './analysis-terms.ts';

const noCost: PartCost = {
  usage: noUsage,
  microsUsd: 0,
  charged: { tokens: 0, microsUsd: 0 },
  calls: 0,
  unknownCalls: 0,
};

/** The end of a part that was not run. */
export function refusedPart(part: string, reason: RefusalReason): PartEnd {
  return { part, ending: 'refused', reason, ...noCost, record: null };
}

/**
 * The end of a part that was run, from the state of its own collaboration. One that broke before its seal has failed: a
 * verdict that was never sealed is none.
 *
 * @param part - its name
 * @param run - the collaboration that worked on it
 * @param run.state - where it stands, every cost settled
 * @param run.record - artifact of its sealed record; `null` where there is none
 */
export function endOfPart(
  part: string,
  { state, record }: { readonly state: RunState; readonly record: string | null },
): PartEnd {
  const cost = costOf(state);
  const { verdict } = state;
  if (verdict === null || record === null)
    return { part, ending: 'failed', reason: null, ...cost, record };
  const ending = verdict.kind === 'decided' ? 'answered' : 'unanswered';
  return { part, ending, reason: verdict.reason, ...cost, record };
}

function costOf({ spent }: RunState): PartCost {
  const { usage, tokens, microsUsd, calls, unknownCalls } = spent;
  return {
    usage,
    microsUsd: unknownCalls === 0 ? microsUsd : null,
    charged: { tokens, microsUsd },
    calls,
    unknownCalls,
  };
}

/** Reasons of ends that the machine of an analysis decides; all other ends happen outside of it. */
const decidedReasons: readonly PartEnd['reason'][] = ['needs-missing', 'stopped'];

/** Whether the machine of an analysis decided how a part ended: it never began. */
export function isDecidedEnd({ ending, reason }: Pick<PartEnd, 'ending' | 'reason'>): boolean {
  return ending === 'refused' && decidedReasons.includes(reason);
}
