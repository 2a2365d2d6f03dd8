import type { Fact, FactOf, TurnCost, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import type { RunState } from '../../domain/collaboration/run-state.ts';
import { partsOf, type Machine } from '../../domain/collaboration/step.ts';

/** What a call of these tests costs: 100 tokens in, 50 out, 30 micro-dollars. */
export const aCost: TurnCost = {
  usage: { inputTokens: 100, cachedTokens: 0, outputTokens: 50 },
  microsUsd: 30,
};

/** Answers a turn; `null` leaves it outstanding. */
export type Panel = (turn: TurnRef, state: RunState) => TurnFact | null;

/** Ends parts that are under way, one after the other in this order; none leaves all of them running. */
export type Parts = (
  running: readonly string[],
  state: RunState,
) => readonly FactOf<'part.ended'>[];

/** A position for one option. */
export function position(turn: TurnRef, option: string, citing: string | null = null): TurnFact {
  return {
    type: 'position.submitted',
    ...turn,
    choice: { kind: 'single', option },
    confidence: 0.8,
    citing,
    ...aCost,
  };
}

/** A run that ended, or came to rest. */
export interface Driven {
  readonly state: RunState;
  readonly facts: readonly Fact[];
  readonly asked: readonly string[];
}

/** What else happens: facts folded in after a given number of facts. */
export type Interruptions = Readonly<Record<number, Fact>>;

/**
 * Drives a machine to its end, or until everybody waits. Answers of one step come in the order that `order` gives them.
 *
 * @throws Error when a machine takes more than 1,000 steps
 */
export function drive(
  machine: Machine<RunState>,
  plan: Plan,
  panel: Panel,
  options: {
    interruptions?: Interruptions;
    order?: (turns: readonly TurnRef[]) => readonly TurnRef[];
    /** Facts that follow the opening and are there already. */
    begun?: readonly Fact[];
    parts?: Parts;
  } = {},
): Driven {
  const opened: Fact = { type: 'collaboration.opened', plan };
  const facts: Fact[] = [opened, ...(options.begun ?? [])];
  const asked = new Set<string>();
  let state = facts
    .slice(1)
    .reduce((folded, fact) => machine.evolve(folded, fact), machine.open(opened));
  const fold = (fact: Fact): void => {
    facts.push(fact);
    state = machine.evolve(state, fact);
    const interruption = options.interruptions?.[facts.length];
    if (interruption !== undefined) fold(interruption);
  };
  const answer = (turns: readonly TurnRef[]): void => {
    for (const turn of (options.order ?? ((all) => all))(turns)) {
      const fact = panel(turn, state);
      if (fact !== null) fold(fact);
      if (machine.next(state).kind === 'record') return;
    }
  };
  const endParts = (running: readonly string[]): void => {
    for (const end of options.parts?.(running, state) ?? []) {
      fold(end);
      if (machine.next(state).kind === 'record') return;
    }
  };
  for (let steps = 0; steps < 1000; steps += 1) {
    const step = machine.next(state);
    const before = facts.length;
    if (step.kind === 'record') step.facts.slice(0, 1).forEach(fold);
    if (step.kind === 'ask') {
      for (const { turn } of step.turns) asked.add(turn);
      answer(step.turns);
      endParts(partsOf(step));
    }
    if (facts.length === before) return { state, facts, asked: [...asked] };
  }
  throw new Error('a machine did not come to an end');
}

/** Types of facts in order, turns left out. */
export function courseOf(facts: readonly Fact[]): string[] {
  return facts
    .filter((fact) => !('turn' in fact))
    .map((fact) =>
      fact.type === 'round.opened' || fact.type === 'round.closed'
        ? `${fact.type} ${fact.phase} ${String(fact.round)}`
        : fact.type,
    );
}
