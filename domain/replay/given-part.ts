import type { Fact, TurnFact } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { factsOf, turnsOf, type Machine } from '../collaboration/step.ts';
import { machines } from '../machines.ts';
import { isTaskOfChair, type DecidedFact, type RecordedFact } from './recorded-run.ts';
import { isSameJson } from './same-json.ts';

/** A what-if on its way through what a fork took over. */
export interface GivenWalk {
  readonly machine: Machine<RunState>;
  readonly state: RunState;
  readonly leftOut: ReadonlySet<string>;
}

/**
 * Finds what the origin of a fork decided as it counts in a what-if. What made it decide so may not have been taken over:
 * its limits, its deadline, a step of a person. So it stands, unless the change is what makes the difference.
 *
 * @param recorded - a fact of the part that was taken over
 * @param fact - the same, as one that a machine decided
 * @param walk - the what-if, just before it
 * @returns the fact to go on with; `undefined` where the machine has to decide for itself
 */
export function givenDecision(
  recorded: RecordedFact,
  fact: DecidedFact,
  walk: GivenWalk,
): DecidedFact | undefined {
  const { before } = recorded;
  const { machine, state, leftOut } = walk;
  const isInStep =
    state.verdict === null &&
    state.passes.length === before.passes.length &&
    state.pass?.phase === before.pass?.phase;
  if (!isInStep) return undefined;
  const wasWanted = isNext(machineOf(before), before, fact);
  if (wasWanted && !isNext(machine, state, fact)) return undefined;
  if (fact.type !== 'round.opened') return fact;
  return { ...fact, seats: fact.seats.filter((seat) => !leftOut.has(seat)) };
}

/**
 * Says whether the chair's work was taken over though the fork would not have asked for it at that point: it goes on for
 * more rounds than its origin, and so does the what-if.
 */
export function isGivenWork(
  { before, isGiven }: RecordedFact,
  fact: TurnFact,
  state: RunState,
): boolean {
  const [asked] = turnsOf(machineOf(before).next(before));
  return (
    isGiven &&
    asked?.task !== fact.task &&
    state.verdict === null &&
    state.pass === null &&
    isTaskOfChair(state.plan, fact.task)
  );
}

function machineOf({ plan }: RunState): Machine<RunState> {
  return machines[plan.pattern];
}

/** What makes one decision another; whom a pass asks and how it is prompted hang on the budget too. */
const tellingFields: readonly string[] = ['type', 'round', 'phase', 'way', 'approval'];

function isNext(machine: Machine<RunState>, state: RunState, fact: Fact): boolean {
  const [decided] = factsOf(machine.next(state));
  return decided !== undefined && isSameJson(toldBy(decided), toldBy(fact));
}

function toldBy(fact: Fact): unknown {
  return Object.fromEntries(Object.entries(fact).filter(([name]) => tellingFields.includes(name)));
}
