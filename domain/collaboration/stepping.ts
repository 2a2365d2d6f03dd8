import { isRoundRejected, questionAsked, settlingFact } from '../approvals/asking.ts';
import { pendingIn } from '../approvals/approvals.ts';
import { partsIn } from '../analysis/parts.ts';
import { thresholdsCrossed } from '../budget/budget.ts';
import type { Fact, NoDecisionReason, StopReason, TurnRef, Verdict } from './fact.ts';
import { evolveRun, openRun, type RunState } from './run-state.ts';
import type { Machine, Step } from './step.ts';

/** What makes a machine: what it decides by itself, and what it wants of others when nothing is left to decide. */
export interface Conduct {
  /** The next thing to be decided, or `null` while others are waited for. Called only while nothing holds the run. */
  decide(state: RunState): Fact | null;
  /** The calls that are to be under way. */
  turns(state: RunState): readonly TurnRef[];
}

/** Makes a machine: verdicts, pauses and waits for people are the same in all of them. */
export function machineFrom(conduct: Conduct): Machine<RunState> {
  return {
    open: openRun,
    evolve: evolveRun,
    next: (state) => nextStep(conduct, state),
  };
}

/** Most facts that one step may record: thresholds and two passes' worth, or all parts of an analysis. */
const factsMax = 32;

function nextStep(conduct: Conduct, state: RunState): Step {
  const facts: Fact[] = [];
  let ahead = state;
  for (let fact = decided(conduct, ahead); fact !== null; fact = decided(conduct, ahead)) {
    if (facts.length === factsMax) throw new Error(`a step decided more than ${factsMax} facts`);
    facts.push(fact);
    ahead = evolveRun(ahead, fact);
  }
  if (facts.length > 0) return { kind: 'record', facts };
  if (state.verdict !== null) return { kind: 'end', verdict: state.verdict };
  if (state.isPaused) return { kind: 'wait', reason: 'paused', ...partsUnderWay(state) };
  if (pendingIn(state).length > 0) return { kind: 'wait', reason: 'approval' };
  return { kind: 'ask', turns: conduct.turns(state), ...partsUnderWay(state) };
}

function partsUnderWay({ parts }: RunState): { readonly parts?: readonly string[] } {
  return parts === undefined ? {} : { parts: partsIn(parts, 'running').map(({ part }) => part) };
}

function decided(conduct: Conduct, state: RunState): Fact | null {
  const isHeld = state.verdict !== null || (state.isPaused && state.cancelled === null);
  return isHeld ? null : conduct.decide(state);
}

/**
 * Decides what comes before a run goes on: thresholds of its budget, and what its people are asked.
 *
 * @param state - where no pass is open
 * @param goOn - decides once nobody is waited for
 */
export function decideFirst(state: RunState, goOn: () => Fact | null): Fact | null {
  const percent = thresholdsCrossed(state.budget, state.spent, state.thresholds)[0];
  if (percent !== undefined) return { type: 'threshold.reached', percent };
  const settling = settlingFact(state);
  if (settling !== null) return settling;
  // All questions are asked at once, so that several people can answer them.
  return pendingIn(state).length > 0 ? questionAsked(state) : goOn();
}

/** Why a run stops, whatever its pattern still wants; `null` to go on. */
export function stoppedBy(state: RunState): StopReason | null {
  if (state.cancelled !== null) return 'cancelled';
  if (state.isDeadlinePassed) return 'deadline';
  if (state.isBudgetRefused || state.thresholds.includes(100)) return 'budget';
  return state.closing === 'run' || isRoundRejected(state) ? 'closed' : null;
}

/** Says why there is no answer at all. */
export function withoutAnswers(reason: StopReason): NoDecisionReason {
  return reason === 'budget' || reason === 'deadline' ? reason : 'no-answers';
}

/** What a verdict says of its run's course. */
export type Ended = Pick<Verdict, 'stoppedBy' | 'rounds' | 'explanation'>;

/** The verdict of a run that came to no answer. */
export function noDecision(reason: NoDecisionReason, ended: Ended): Verdict {
  return { kind: 'no-decision', answer: null, reason, ...ended };
}

/** The verdict of a run that came to an answer. */
export function decidedFor(answer: string, ended: Ended): Verdict {
  return { kind: 'decided', answer, reason: null, ...ended };
}

/** The verdict of a run that somebody cancelled; `null` for all others. */
export function cancelledVerdict({ cancelled }: RunState, rounds: number): Verdict | null {
  if (cancelled === null) return null;
  const explanation = `cancelled by ${cancelled.by}`;
  return noDecision('cancelled', { stoppedBy: 'cancelled', rounds, explanation });
}
