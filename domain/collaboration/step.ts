import type { Fact, TurnRef, Verdict } from './fact.ts';

/** What the business wants now. */
export type Step =
  /** The machine decided: these facts are to be recorded, in this order, and then folded in. */
  | { readonly kind: 'record'; readonly facts: readonly Fact[] }
  /** These turns are open: ask those that were not asked yet, then wait for any fact. */
  | {
      readonly kind: 'ask';
      readonly turns: readonly TurnRef[];
      /** Of an analysis: the parts that are to be under way. */
      readonly parts?: readonly string[];
    }
  /** Nothing to do until a person acts: resumes it, or answers an approval. */
  | {
      readonly kind: 'wait';
      readonly reason: 'paused' | 'approval';
      /** Of an analysis: the parts that are under way, and wait too. */
      readonly parts?: readonly string[];
    }
  | { readonly kind: 'end'; readonly verdict: Verdict };

/**
 * A pattern as a pure machine. The same three functions serve the workflow, replay, time travel and tests.
 * `next` has no memory: it reads the state. `evolve` ignores a turn's fact that it has folded in already, and the order
 * of the answers of one pass does not matter.
 */
export interface Machine<State> {
  open(plan: Fact & { type: 'collaboration.opened' }): State;
  next(state: State): Step;
  evolve(state: State, fact: Fact): State;
}

/** Gives what a step records; nothing when it asks, waits or ends. */
export function factsOf(step: Step): readonly Fact[] {
  return step.kind === 'record' ? step.facts : [];
}

/** Gives the turns that a step asks for; nothing when it records, waits or ends. */
export function turnsOf(step: Step): readonly TurnRef[] {
  return step.kind === 'ask' ? step.turns : [];
}

/** Gives the parts that a step wants under way; none in patterns without parts. */
export function partsOf(step: Step): readonly string[] {
  return 'parts' in step ? step.parts : [];
}
