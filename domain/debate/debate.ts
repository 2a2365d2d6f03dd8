import { machineOf, type WantedPass } from '../collaboration/course.ts';
import type { StopReason } from '../collaboration/fact.ts';
import { isFlip } from '../collaboration/flip.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { gateWayOf } from '../approvals/asking.ts';
import { gateAfterVote } from '../gate/gate.ts';

/**
 * The debate: blind proposals, then rounds of critique and revision, until the rounds are used up or nobody moves any
 * more. Then the chair groups, judges and writes up where the plan says so, and the protocol decides. Where the plan has
 * a gate that finds the proposals enough, the protocol decides at once.
 */
export const debate = machineOf({
  following,
  enough,
  isDeciding: (state) =>
    state.pass !== null &&
    state.pass.phase !== 'critique' &&
    (state.pass.round >= state.plan.rounds || state.pass.directives.isLast) &&
    (state.plan.grouping !== 'model' || state.optionKeys.length > 0),
  gate: gateAfterVote,
});

function following(state: RunState): WantedPass {
  const last = state.passes.at(-1);
  if (last === undefined) return { round: 1, phase: 'proposal' };
  if (last.phase === 'critique') return { round: last.round, phase: 'revision' };
  return { round: last.round + 1, phase: state.plan.depth === 'split' ? 'critique' : 'revision' };
}

function enough(state: RunState): StopReason | null {
  const last = state.passes.at(-1);
  if (last === undefined || last.phase === 'critique') return null;
  // A fork may go on for more rounds than its origin, whose last pass this was.
  const wasDeciding = last.isLast || last.round >= state.plan.rounds;
  if (last.reason === 'certain' && wasDeciding) return 'certain';
  if (gateWayOf(state) === 'done') return 'gate';
  if (last.round >= state.plan.rounds) return 'rounds';
  return state.plan.stopOnStability && isStable(state) ? 'stability' : null;
}

/** Nobody came, went or flipped between the last two passes that took positions. */
function isStable(state: RunState): boolean {
  const taken = state.passes.filter(({ phase }) => phase !== 'critique');
  const [before, after] = taken.slice(-2);
  if (before === undefined || after === undefined) return false;
  const seats = new Set([...Object.keys(before.standing), ...Object.keys(after.standing)]);
  return [...seats].every((seat) => {
    const [held, holds] = [before.standing[seat], after.standing[seat]];
    return held !== undefined && holds !== undefined && !isFlip(held, holds, state.merges);
  });
}
