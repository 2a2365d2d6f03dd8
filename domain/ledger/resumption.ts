import type { Fact, FactOf, FactType } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { foldRun } from '../machines.ts';
import { factOf } from './event.ts';
import type { LedgerEvent } from './event.ts';

/** What the ledger tells of an event here. */
export type ReadEvent = Pick<LedgerEvent, 'id' | 'type' | 'data' | 'time'>;

/** Where a run's workflow stands, so that another one can go on from there. */
export interface Resumption {
  readonly state: RunState;
  /** How many of the run's own facts are folded in: all facts but those of turns. */
  readonly known: number;
  /** How many steps the machine has decided. */
  readonly decidedSteps: number;
  /** Turns that were asked and have not ended; none between passes. */
  readonly outstanding: readonly string[];
  /** When approvals were requested, milliseconds since 1970; absent where none was. */
  readonly requestedAt?: Readonly<Record<string, number>>;
}

/** What a workflow has forgotten of its run. */
export interface Forgotten {
  /** In the ledger's order; facts of turns among them may be known. */
  readonly facts: readonly Fact[];
  /** How many steps the machine has decided in all. */
  readonly decidedSteps: number;
  /** Whether a part of the run would have to be told of them; absent where not. */
  readonly isSteered?: true;
  /** Ids of the events among them that people or the clock caused; absent in results that an older worker recorded. */
  readonly caused?: readonly string[];
  /** When approvals were requested, milliseconds since 1970; absent where none was. */
  readonly requestedAt?: Readonly<Record<string, number>>;
}

/**
 * Finds out where a run stands by its ledger alone.
 *
 * @param events - the whole stream
 * @param outstanding - turns that were asked and have not ended
 * @throws Error when the first event opens nothing
 */
export function resumptionOf(
  events: readonly ReadEvent[],
  outstanding: readonly string[],
): Resumption {
  const facts = factsIn(events);
  return {
    state: foldRun(facts),
    known: facts.filter(isOwn).length,
    decidedSteps: decidedStepsIn(events),
    outstanding,
    ...requestTimes(events),
  };
}

/**
 * Finds what a workflow has forgotten: every fact of the run's own beyond those that it knows, and the turns among and
 * before them, from the opening of the pass on that it knows last. A turn that it knows already changes nothing.
 *
 * @param events - the whole stream
 * @param known - how many of the run's own facts it knows
 */
export function forgottenIn(events: readonly ReadEvent[], known: number): Forgotten {
  const facts = factsIn(events);
  const own = facts.filter(isOwn);
  const opening = own.slice(0, known).findLast(({ type }) => type === 'round.opened');
  const from = opening === undefined ? 0 : facts.indexOf(opening);
  const remembered = new Set(own.slice(0, known));
  const forgotten = facts.slice(from).filter((fact) => !remembered.has(fact));
  return {
    facts: forgotten,
    decidedSteps: decidedStepsIn(events),
    ...(forgotten.some(({ type }) => steeringTypes.includes(type)) && { isSteered: true }),
    caused: causedIn(events, known),
    ...requestTimes(events),
  };
}

/** What a part follows its analysis in. */
const steeringTypes: readonly FactType[] = [
  'collaboration.paused',
  'collaboration.resumed',
  'collaboration.cancelled',
  'closing.requested',
  'deadline.passed',
];

/** Whether somebody has paused a run and not had it go on since, whatever others did. */
export function isPausedBy(events: readonly ReadEvent[], by: string): boolean {
  const last = factsIn(events).findLast((fact) => isPausing(fact) && fact.by === by);
  return last?.type === 'collaboration.paused';
}

type Pausing = FactOf<'collaboration.paused' | 'collaboration.resumed'>;

function isPausing(fact: Fact): fact is Pausing {
  return fact.type === 'collaboration.paused' || fact.type === 'collaboration.resumed';
}

/** Whether a fact is the run's own: recorded by its workflow or with its start, in one order for all. */
export function isOwn(fact: Fact): boolean {
  return !('turn' in fact);
}

function factsIn(events: readonly ReadEvent[]): readonly Fact[] {
  return events.map(factOf).filter((fact) => fact !== undefined);
}

/** Ids beyond the first so many of the run's own; those that the machine decided are left out. */
function causedIn(events: readonly ReadEvent[], known: number): readonly string[] {
  return events
    .filter((event) => factsIn([event]).some(isOwn))
    .slice(known)
    .map(({ id }) => id)
    .filter((id) => !/\/(?:step-\d+-\d+|opened(?:-\d+)?)$/.test(id));
}

/** An approval's time runs from its event on, whoever works on the run. */
function requestTimes(events: readonly ReadEvent[]): Pick<Resumption, 'requestedAt'> {
  const requested = events.filter(({ type }) => type === 'conclave.approval.requested.v1');
  if (requested.length === 0) return {};
  return {
    requestedAt: Object.fromEntries(
      requested.map(({ data, time }) => [String(data['approval']), Date.parse(time)]),
    ),
  };
}

/** Ids of a step's facts end in `/step-<number>-<index>`. */
function decidedStepsIn(events: readonly ReadEvent[]): number {
  const numbers = events.map(({ id }) => Number(/\/step-(\d+)-\d+$/.exec(id)?.[1] ?? -1));
  return Math.max(-1, ...numbers) + 1;
}
