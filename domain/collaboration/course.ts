import { decisionAsked, gateAsked, questionAsked, roundAsked } from '../approvals/asking.ts';
import { verdictByPeople } from '../approvals/verdict-by-people.ts';
import { directivesFor, seatsUnderPressure, shareOf } from '../budget/budget.ts';
import { isOutcomeCertain, leadingKey, mergedChoice, tallyOf } from './ballots.ts';
import {
  turnRef,
  type ClosingReason,
  type Fact,
  type FactOf,
  type Phase,
  type StopReason,
  type TurnRef,
  type TurnTask,
  type Verdict,
} from './fact.ts';
import type { OpenPass, RunState } from './run-state.ts';
import type { Machine } from './step.ts';
import {
  cancelledVerdict,
  decidedFor,
  decideFirst,
  machineFrom,
  noDecision,
  stoppedBy as stoppedFromOutside,
  withoutAnswers,
} from './stepping.ts';

/** A pass that a pattern wants next. */
export interface WantedPass {
  readonly round: number;
  readonly phase: Phase;
}

/** What makes a pattern: the order of its passes, and when it has had enough. */
export interface Course {
  /** The pass that comes next when nothing stops the run. Called only between passes. */
  following(state: RunState): WantedPass;
  /** Why the pattern itself has had enough, between passes; `null` to go on. */
  enough(state: RunState): StopReason | null;
  /** Whether the open pass is the one whose votes decide, so that it may end early. */
  isDeciding(state: RunState): boolean;
  /** What the pattern decides before it goes on, between passes; `null` where nothing is to be decided. */
  gate?(state: RunState): FactOf<'gate.decided'> | null;
}

/** Makes the machine of a pattern: everything that patterns with passes share is here, the pattern adds its course. */
export function machineOf(course: Course): Machine<RunState> {
  return machineFrom({
    decide: (state) =>
      state.pass === null
        ? decideFirst(state, () => goingOn(course, state))
        : closing(course, state, state.pass),
    turns: (state) => openTurns(course, state),
  });
}

/** What follows a pass, once nobody is waited for. */
function goingOn(course: Course, state: RunState): Fact | null {
  const given = verdictByPeople(state);
  if (given !== null) return { type: 'decision.reached', verdict: given };
  const stoppedBy = stopReason(course, state);
  if (stoppedBy === null) {
    return course.gate?.(state) ?? asked(course, state) ?? opening(course, state);
  }
  if (chairTurns(state, stoppedBy).length > 0) return null;
  const verdict = verdictOf(state, stoppedBy);
  return decisionAsked(state, verdict) ?? { type: 'decision.reached', verdict };
}

/** What people are asked before the run goes on. */
function asked(course: Course, state: RunState): FactOf<'approval.requested'> | null {
  return (
    questionAsked(state) ?? gateAsked(state) ?? roundAsked(state, course.following(state).round)
  );
}

function closing(course: Course, state: RunState, pass: OpenPass): FactOf<'round.closed'> | null {
  const reason = closingReason(course, state, pass);
  return reason === null
    ? null
    : { type: 'round.closed', round: pass.round, phase: pass.phase, reason };
}

function closingReason(course: Course, state: RunState, pass: OpenPass): ClosingReason | null {
  if (state.cancelled !== null) return 'cancelled';
  if (passTurns(state, pass).length === 0) return state.isBudgetRefused ? 'budget' : 'complete';
  if (state.isDeadlinePassed) return 'deadline';
  if (state.closing !== null) return 'closed';
  const mayEndEarly = state.plan.endsEarly && course.isDeciding(state);
  return mayEndEarly && isOutcomeCertain(state) ? 'certain' : null;
}

function opening(course: Course, state: RunState): FactOf<'round.opened'> {
  const { round, phase } = course.following(state);
  const share = shareOf(state.budget, state.spent);
  const all = state.seats.map(({ seat }) => seat);
  return {
    type: 'round.opened',
    round,
    phase,
    seats: seatsUnderPressure(all, share, state.plan.seed, {
      protocol: state.plan.protocol,
      standpoints: leadingKeys(state),
    }),
    directives: directivesFor(share),
  };
}

function leadingKeys(state: RunState): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    Object.entries(state.standpoints).map(([seat, { choice }]) => [
      seat,
      leadingKey(mergedChoice(choice, state.merges)),
    ]),
  );
}

function stopReason(course: Course, state: RunState): StopReason | null {
  const last = state.passes.at(-1);
  const stopped = stoppedFromOutside(state);
  if (stopped !== null || last === undefined) return stopped;
  return course.enough(state) ?? (last.isLast && isShort(state) ? 'budget' : null);
}

/** Whether there is money for no other pass; a budget that was raised during the last one makes it one of many. */
function isShort({ budget, spent }: RunState): boolean {
  return directivesFor(shareOf(budget, spent)).isLast;
}

/** Turns of the open pass that have not ended. */
function passTurns(state: RunState, pass: OpenPass): readonly TurnRef[] {
  return pass.seats
    .map((seat) => turnRef(pass.phase, pass.round, seat))
    .filter(({ turn }) => !(turn in state.turns));
}

function openTurns(course: Course, state: RunState): readonly TurnRef[] {
  return state.pass === null
    ? chairTurns(state, stopReason(course, state))
    : passTurns(state, state.pass);
}

function chairTurn(state: RunState, task: TurnTask): TurnRef {
  return turnRef(task, Math.max(1, state.round), state.plan.chair.seat);
}

/** Reasons that leave the chair nothing to do: the run goes on, is out of time, money or leave, or needs no more than its votes. */
const withoutChair: readonly (StopReason | null)[] = [
  null,
  'cancelled',
  'deadline',
  'budget',
  'gate',
];

/** The next thing that the chair has to do before a decision; none or one. */
function chairTurns(state: RunState, stoppedBy: StopReason | null): readonly TurnRef[] {
  if (withoutChair.includes(stoppedBy)) return [];
  if (Object.keys(state.standpoints).length === 0) return [];
  const { plan } = state;
  const tasks: TurnTask[] = [];
  if (plan.grouping === 'model' && state.optionKeys.length === 0) tasks.push('grouping');
  if (plan.protocol.kind === 'judge') tasks.push('judgement');
  if (plan.synthesis) tasks.push('synthesis');
  return tasks
    .map((task) => chairTurn(state, task))
    .filter(({ turn }) => !(turn in state.turns))
    .slice(0, 1);
}

function verdictOf(state: RunState, stoppedBy: StopReason): Verdict {
  const rounds = state.passes.at(-1)?.round ?? 0;
  const cancelled = cancelledVerdict(state, rounds);
  if (cancelled !== null) return cancelled;
  if (Object.keys(state.standpoints).length === 0) {
    const explanation = 'no seat gave a usable answer';
    return noDecision(withoutAnswers(stoppedBy), { stoppedBy, rounds, explanation });
  }
  const result = tallyOf(state);
  const ended = { stoppedBy, rounds, explanation: result.explanation };
  return result.kind === 'decided'
    ? decidedFor(result.option, ended)
    : noDecision(result.reason, ended);
}
