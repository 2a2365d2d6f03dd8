import { tallyOf } from '../collaboration/ballots.ts';
import { machineOf } from '../collaboration/course.ts';
import type { StopReason } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { choiceKindOf } from '../protocols/validity.ts';

/**
 * The consensus round: a private blind vote. Where the protocol needs options and the question has none, the seats
 * nominate them first. Without a decision the vote is repeated, up to the plan's rounds.
 */
export const consensus = machineOf({
  following: (state) =>
    needsNomination(state)
      ? { round: 1, phase: 'nomination' }
      : { round: votesOf(state) + 1, phase: 'vote' },
  enough,
  isDeciding: (state) => state.pass?.phase === 'vote' && areAnswersSettled(state),
});

/** Answers that the chair may still merge prove nothing before it has. */
function areAnswersSettled(state: RunState): boolean {
  return state.plan.grouping !== 'model' || state.optionKeys.length > 0;
}

function needsNomination(state: RunState): boolean {
  return (
    choiceKindOf(state.plan.protocol) !== 'single' &&
    state.plan.optionKeys.length === 0 &&
    state.passes.length === 0
  );
}

function votesOf(state: RunState): number {
  return state.passes.filter(({ phase }) => phase === 'vote').length;
}

function enough(state: RunState): StopReason | null {
  const last = state.passes.at(-1);
  if (last?.phase === 'nomination') return state.optionKeys.length === 0 ? 'rounds' : null;
  if (state.plan.protocol.kind === 'judge') return 'rounds';
  const isDecided = tallyOf(state).kind === 'decided';
  if (last?.reason === 'certain' && isDecided) return 'certain';
  return isDecided || votesOf(state) >= state.plan.rounds ? 'rounds' : null;
}
