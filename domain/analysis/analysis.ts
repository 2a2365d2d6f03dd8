import { decisionAsked, questionAsked } from '../approvals/asking.ts';
import { verdictByPeople } from '../approvals/verdict-by-people.ts';
import {
  turnRef,
  type Fact,
  type FactOf,
  type StopReason,
  type TurnRef,
} from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { decideFirst, machineFrom, stoppedBy } from '../collaboration/stepping.ts';
import type { PartState } from './analysis-terms.ts';
import { allParts, answeredParts, partsIn } from './parts.ts';
import { refusedPart } from './part-end.ts';
import { shareOfPart } from './part-budget.ts';
import { verdictOfParts } from './verdict-of-parts.ts';

/**
 * The analysis: the chair cuts the question into parts, each part runs as a collaboration of its own as soon as all that it
 * needs has ended, and the chair writes the whole answer from theirs. What stops the run begins no other part; those that
 * run come to their own ends.
 */
export const analysis = machineFrom({
  decide: (state) => decideFirst(state, () => goingOn(state)),
  turns: (state) => chairTurns(state),
});

function goingOn(state: RunState): Fact | null {
  const given = verdictByPeople(state);
  if (given !== null) return { type: 'decision.reached', verdict: given };
  const stopped = stoppedBy(state);
  const ahead = stopped === null ? (questionAsked(state) ?? beginning(state)) : leavingOut(state);
  if (ahead !== null) return ahead;
  if (isUnderWay(state)) return null;
  const verdict = verdictOfParts(state, stopped ?? 'parts');
  return decisionAsked(state, verdict) ?? { type: 'decision.reached', verdict };
}

/** Whether calls or parts are waited for. */
function isUnderWay(state: RunState): boolean {
  return partsIn(state.parts, 'running').length > 0 || chairTurns(state).length > 0;
}

/** The next part that can begin, or that never can. */
function beginning(state: RunState): FactOf<'part.opened' | 'part.ended'> | null {
  const ready = partsIn(state.parts, 'planned').find((part) =>
    needsOf(state, part).every((needed) => needed.state === 'ended'),
  );
  if (ready === undefined) return null;
  const needs = needsOf(state, ready);
  const isLost = needs.length > 0 && needs.every(({ end }) => end?.ending !== 'answered');
  return isLost
    ? { type: 'part.ended', ...refusedPart(ready.part, 'needs-missing') }
    : { type: 'part.opened', part: ready.part, budget: shareOfPart(state) };
}

function needsOf({ parts }: RunState, { after }: PartState): readonly PartState[] {
  return allParts(parts).filter(({ part }) => after.includes(part));
}

/** A run that was stopped begins no other part. */
function leavingOut(state: RunState): FactOf<'part.ended'> | null {
  const [part] = partsIn(state.parts, 'planned');
  return part === undefined ? null : { type: 'part.ended', ...refusedPart(part.part, 'stopped') };
}

/** What the chair has to do now: cut the question, or write the whole answer; none or one. */
function chairTurns(state: RunState): readonly TurnRef[] {
  const task = chairTask(state, stoppedBy(state));
  if (task === null) return [];
  const turn = turnRef(task, 1, state.plan.chair.seat);
  return turn.turn in state.turns ? [] : [turn];
}

function chairTask(
  { parts }: RunState,
  stopped: StopReason | null,
): 'decomposition' | 'synthesis' | null {
  if (parts === undefined) return stopped === null ? 'decomposition' : null;
  const haveEnded = Object.values(parts).every(({ state }) => state === 'ended');
  // Who closes a run wants to have what there is; out of money, time or leave nothing more is asked.
  const isWanted = stopped === null || stopped === 'closed';
  return haveEnded && isWanted && answeredParts(parts).length > 1 ? 'synthesis' : null;
}
