import type { ApprovalPoint } from '../approvals/approval-terms.ts';
import { pendingIn, type ApprovalFact } from '../approvals/approvals.ts';
import type { Fact, FactType, TurnFact, TurnRef } from '../collaboration/fact.ts';
import { turnRef } from '../collaboration/fact.ts';
import type { Plan } from '../collaboration/plan.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { factsOf, turnsOf, type Machine } from '../collaboration/step.ts';
import { machines } from '../machines.ts';
import { weighed, type Changes } from './changes.ts';
import { givenDecision, isGivenWork } from './given-part.ts';
import {
  isDecidedFact,
  isOfOpenPass,
  isTaskOfChair,
  type DecidedFact,
  type RecordedFact,
  type RecordedRun,
} from './recorded-run.ts';
import { readChair, readReply, stillRunning } from './recorded-reply.ts';

/** A reply that a what-if needs and that was never given. */
export interface MissingReply extends TurnRef {
  readonly agent: string;
  /** Why the record cannot give it. */
  readonly reason: string;
}

/** An answer of a person that a what-if needs and that nobody gave. */
export interface MissingAnswer {
  readonly approval: string;
  readonly point: ApprovalPoint;
  /** Why the record cannot give it. */
  readonly reason: string;
}

/** Where the recorded replies lead under another plan. */
export interface Walked {
  readonly state: RunState;
  /** The recorded ends of turns that it took, as they count there, by the turn's recorded name. */
  readonly taken: ReadonlyMap<string, TurnFact>;
  /** Turns that were answered knowing what a seat said that is left out here. */
  readonly influenced: readonly string[];
  /** What it needs and cannot have; empty when it came to an end. */
  readonly missing: readonly (MissingReply | MissingAnswer)[];
  /** Whether the chair would have written an answer up that it never wrote. */
  readonly lacksSynthesis: boolean;
}

/** The plan of a what-if and who is not there. */
export interface WalkPlan {
  readonly plan: Plan;
  readonly leftOut: ReadonlySet<string>;
  readonly changes: Changes;
}

/**
 * Drives the machine of a run under another plan, by the recorded replies in their recorded order. A pass takes all
 * replies that it has in the record, and closes no earlier than it did there.
 */
export function walkAgain(recorded: RecordedRun, wanted: WalkPlan): Walked {
  const walk = openWalk(recorded, wanted);
  for (const next of recorded.facts) {
    const { fact } = next;
    if (walk.missing.length > 0) break;
    if (isDecidedFact(fact)) decideAsRecorded(walk, next, fact);
    else if ('turn' in fact) takeTurn(walk, next, fact);
    else takeStep(walk, fact);
  }
  if (walk.missing.length === 0) finish(walk);
  return walk;
}

interface Walk extends Walked {
  readonly recorded: RecordedRun;
  readonly wanted: WalkPlan;
  readonly machine: Machine<RunState>;
  state: RunState;
  readonly taken: Map<string, TurnFact>;
  readonly influenced: string[];
  missing: readonly (MissingReply | MissingAnswer)[];
  lacksSynthesis: boolean;
  /** Why recorded replies could not be used, by turn. */
  readonly unusable: Map<string, string>;
  readonly asked: Set<string>;
  /** Whether a seat that is left out here has spoken so far, and had so when the open pass began. */
  hasSpoken: boolean;
  isHeard: boolean;
}

function openWalk(recorded: RecordedRun, wanted: WalkPlan): Walk {
  const machine = machines[wanted.plan.pattern];
  return {
    recorded,
    wanted,
    machine,
    state: machine.open({ type: 'collaboration.opened', plan: wanted.plan }),
    taken: new Map(),
    influenced: [],
    missing: [],
    lacksSynthesis: false,
    unusable: new Map(),
    asked: new Set(),
    hasSpoken: false,
    isHeard: false,
  };
}

function fold(walk: Walk, fact: Fact): void {
  walk.state = walk.machine.evolve(walk.state, fact);
  if (fact.type !== 'round.opened') return;
  for (const seat of fact.seats) walk.asked.add(turnRef(fact.phase, fact.round, seat).turn);
}

/** Lets the machine decide up to and with a fact of this type, or all it can. */
function decideUntil(walk: Walk, type?: FactType): void {
  const decided = (): Fact | undefined => factsOf(walk.machine.next(walk.state))[0];
  for (let fact = decided(); fact !== undefined; fact = decided()) {
    fold(walk, fact);
    if (fact.type === type) return;
  }
}

/** Where the recorded machine decided, this one may; what a fork took over is decided, where the change does not matter. */
function decideAsRecorded(walk: Walk, recorded: RecordedFact, fact: DecidedFact): void {
  if (fact.type === 'round.opened') walk.isHeard = walk.hasSpoken;
  const { leftOut } = walk.wanted;
  const given = recorded.isGiven ? givenDecision(recorded, fact, { ...walk, leftOut }) : undefined;
  if (given === undefined) decideAt(walk, fact);
  else fold(walk, given);
}

function decideAt(walk: Walk, recorded: DecidedFact): void {
  const { pass } = walk.state;
  if (recorded.type !== 'round.closed') {
    if (pass === null) decideUntil(walk, recorded.type);
    return;
  }
  if (pass?.round !== recorded.round || pass.phase !== recorded.phase) return;
  decideUntil(walk, 'round.closed');
  if (walk.state.pass === pass) walk.missing = missingNow(walk);
}

function takeStep(walk: Walk, fact: Exclude<Fact, TurnFact>): void {
  if (walk.state.verdict !== null) return;
  if ('approval' in fact) takeAnswer(walk, fact);
  else if (fact.type !== 'participant.added') fold(walk, fact);
  else if (!walk.wanted.leftOut.has(fact.seat.seat)) {
    fold(walk, { ...fact, seat: weighed(fact.seat, walk.wanted.changes) });
  }
}

/** What a person said of one candidate is no answer about another; a default holds for any. */
function takeAnswer(walk: Walk, fact: ApprovalFact): void {
  const { approval } = fact;
  const shown = walk.recorded.run.state.approvals?.[approval]?.candidate;
  const candidate = walk.state.approvals?.[approval]?.candidate;
  const isOther = shown?.answer !== candidate?.answer || shown?.reason !== candidate?.reason;
  if (fact.type === 'approval.answered' && isOther) {
    walk.unusable.set(approval, 'what was answered was about another outcome');
  } else fold(walk, fact);
}

function takeTurn(walk: Walk, recorded: RecordedFact, fact: TurnFact): void {
  if (walk.wanted.leftOut.has(fact.seat)) {
    if (fact.type === 'position.submitted' || fact.type === 'critique.submitted') {
      walk.hasSpoken = true;
    }
    return;
  }
  if (fact.seat === walk.state.plan.chair.seat) takeChairs(walk, recorded, fact);
  else takeSeats(walk, fact, recorded.before);
}

function takeSeats(walk: Walk, fact: TurnFact, then: RunState): void {
  if (!isOfOpenPass(walk.state, fact)) {
    // What a call has cost that was still running when its pass closed.
    if (fact.type === 'turn.cancelled' && walk.asked.has(fact.turn)) accept(walk, fact, fact);
    return;
  }
  const reading = readReply(fact, walk.state, then);
  if (!reading.ok) {
    walk.unusable.set(fact.turn, reading.reason);
    return;
  }
  accept(walk, fact, reading.fact);
  if (walk.isHeard) walk.influenced.push(fact.turn);
}

function takeChairs(walk: Walk, recorded: RecordedFact, fact: TurnFact): void {
  if (fact.type === 'turn.cancelled') {
    if (isTaskOfChair(walk.state.plan, fact.task)) accept(walk, fact, fact);
    return;
  }
  const asked = chairTurn(walk);
  const isAsked = asked?.task === fact.task;
  if (!isAsked && !isGivenWork(recorded, fact, walk.state)) return;
  const wanted = isAsked ? asked : turnRef(fact.task, fact.round, fact.seat);
  const reading = readChair(fact, walk.state, recorded.before);
  if (!reading.ok) {
    walk.unusable.set(wanted.turn, reading.reason);
    return;
  }
  accept(walk, fact, { ...reading.fact, ...wanted });
  if (walk.hasSpoken) walk.influenced.push(fact.turn);
}

/** What the chair is asked for now; a pause keeps nothing back that is on its way. */
function chairTurn(walk: Walk): TurnRef | undefined {
  if (walk.state.pass !== null) return undefined;
  return turnsOf(walk.machine.next({ ...walk.state, isPaused: false }))[0];
}

function accept(walk: Walk, recorded: TurnFact, counted: TurnFact): void {
  walk.taken.set(recorded.turn, counted);
  fold(walk, counted);
}

/** After the last recorded fact: whatever the machine still asks for was never given. */
function finish(walk: Walk): void {
  decideUntil(walk);
  if (walk.state.verdict !== null) return;
  if (chairTurn(walk)?.task === 'synthesis') {
    // The verdict does not hang on it: votes are counted, however the answer is written up.
    walk.lacksSynthesis = true;
    walk.state = { ...walk.state, plan: { ...walk.state.plan, synthesis: false } };
    decideUntil(walk);
    return;
  }
  walk.missing = missingNow(walk);
}

function missingNow(walk: Walk): readonly (MissingReply | MissingAnswer)[] {
  const { state, machine, recorded, unusable } = walk;
  const [pending] = pendingIn(state);
  const point = state.approvals?.[String(pending)]?.point;
  if (pending !== undefined && point !== undefined) {
    const reason = unusable.get(pending) ?? 'nobody was ever asked';
    return [{ approval: pending, point, reason }];
  }
  const table = [...state.seats, state.plan.chair];
  return turnsOf(machine.next(state)).flatMap((turn) =>
    table
      .filter(({ seat }) => seat === turn.seat)
      .map(({ agent }) => {
        const reason = unusable.get(turn.turn) ?? reasonOf(recorded, turn);
        return { ...turn, agent, reason };
      }),
  );
}

function reasonOf({ run, plan }: RecordedRun, { turn, task, round, seat }: TurnRef): string {
  if (seat === plan.chair.seat) {
    return task === 'judgement' ? 'the judge was never asked' : 'the chair was never asked';
  }
  const ended = run.turns.find(({ fact }) => fact.turn === turn);
  if (ended !== undefined) return stillRunning;
  const hadPass = run.state.passes.some((pass) => pass.round === round && pass.phase === task);
  return hadPass
    ? 'it was not answered in that pass'
    : `the ${task} of round ${round} never took place`;
}
