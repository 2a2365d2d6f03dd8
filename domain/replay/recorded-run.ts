import { isDecidedEnd } from '../analysis/part-end.ts';
import type { Fact, FactOf, TurnFact, TurnTask } from '../collaboration/fact.ts';
import { eventsGiven, type Plan } from '../collaboration/plan.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { factOf, type LedgerEvent } from '../ledger/event.ts';
import { readRun, type ResolveText, type RunReading } from '../ledger/run-reading.ts';
import { machines } from '../machines.ts';

/** A fact with its place in the ledger. */
export interface NumberedFact {
  readonly seq: number;
  readonly fact: Fact;
}

/** A fact with the state in which the run was just before it. */
export interface RecordedFact {
  readonly fact: Fact;
  readonly before: RunState;
  /** Whether it was decided or said in the origin of a fork. */
  readonly isGiven: boolean;
}

/** A run as it was recorded, read once for any number of questions. */
export interface RecordedRun {
  readonly run: RunReading;
  readonly plan: Plan;
  /** Every fact after the opening, in the ledger's order. */
  readonly facts: readonly RecordedFact[];
}

/**
 * Reads a run out of its events for replays and what-ifs.
 *
 * @param events - a stream from its first event on; what stands after the seal is left out
 * @param resolve - gives texts that are too long for the ledger
 * @throws Error when the stream does not begin with `collaboration.opened`
 */
export function recordedRun(events: readonly LedgerEvent[], resolve: ResolveText): RecordedRun {
  const run = readRun(events, resolve);
  const { plan } = run.state;
  const machine = machines[plan.pattern];
  let state = machine.open({ type: 'collaboration.opened', plan });
  const facts = numberedFacts(run.events)
    .slice(1)
    .map(({ seq, fact }): RecordedFact => {
      const before = state;
      state = machine.evolve(state, fact);
      return { fact, before, isGiven: seq <= eventsGiven(plan) };
    });
  return { run, plan, facts };
}

/** Reads the facts of events, each with its number; what is no fact is left out. */
export function numberedFacts(events: readonly LedgerEvent[]): readonly NumberedFact[] {
  return events.flatMap((event) => {
    const fact = factOf(event);
    return fact === undefined ? [] : [{ seq: event.seq, fact }];
  });
}

/** What a machine decides by itself. Everything else comes from seats, people and the clock. */
export type DecidedFact = FactOf<
  | 'round.opened'
  | 'round.closed'
  | 'gate.decided'
  | 'threshold.reached'
  | 'approval.requested'
  | 'approval.withdrawn'
  | 'part.opened'
  | 'part.ended'
  | 'decision.reached'
>;

const decidedTypes: readonly string[] = [
  'round.opened',
  'round.closed',
  'gate.decided',
  'threshold.reached',
  'approval.requested',
  'approval.withdrawn',
  'part.opened',
  'decision.reached',
] satisfies readonly DecidedFact['type'][];

/** Whether a fact is one that the machine decided: of the ends of parts, those of parts that it did not begin. */
export function isDecidedFact(fact: Fact): fact is DecidedFact {
  return fact.type === 'part.ended' ? isDecidedEnd(fact) : decidedTypes.includes(fact.type);
}

/** Whether a turn belongs to the pass that is open, and has not ended yet. */
export function isOfOpenPass({ pass, turns }: RunState, fact: TurnFact): boolean {
  return (
    pass !== null &&
    pass.phase === fact.task &&
    pass.round === fact.round &&
    pass.seats.includes(fact.seat) &&
    !(fact.turn in turns)
  );
}

/** Whether a plan gives the chair a task of this kind at all. */
export function isTaskOfChair(
  { cutting, grouping, protocol, synthesis }: Plan,
  task: TurnTask,
): boolean {
  return (
    (task === 'decomposition' && cutting !== undefined) ||
    (task === 'grouping' && grouping === 'model') ||
    (task === 'judgement' && protocol.kind === 'judge') ||
    (task === 'synthesis' && synthesis)
  );
}
