import { analysis } from './analysis/analysis.ts';
import type { Fact } from './collaboration/fact.ts';
import type { Pattern, Plan } from './collaboration/plan.ts';
import type { RunState } from './collaboration/run-state.ts';
import { factsOf, type Machine } from './collaboration/step.ts';
import { consensus } from './consensus/consensus.ts';
import { debate } from './debate/debate.ts';

/** The machine of every pattern: a new pattern enters here, and nowhere else in the domain. */
export const machines: Readonly<Record<Pattern, Machine<RunState>>> = {
  consensus,
  debate,
  analysis,
};

/**
 * Gives the facts with which every run begins: its opening, and what its machine decides at once. Whoever starts a run
 * records them with it, so that its workflow begins with asking.
 *
 * @param plan - the whole plan
 */
export function openingFacts(plan: Plan): readonly Fact[] {
  const opened = { type: 'collaboration.opened' as const, plan };
  const machine = machines[plan.pattern];
  return [opened, ...factsOf(machine.next(machine.open(opened)))];
}

/**
 * Folds a run's facts into its state, as replay, time travel and the check after every run do.
 *
 * @param facts - a whole stream or the first part of one, `collaboration.opened` first
 * @throws Error when the first fact opens nothing
 */
export function foldRun(facts: readonly Fact[]): RunState {
  const [first, ...rest] = facts;
  if (first?.type !== 'collaboration.opened') {
    throw new Error(`first fact: got ${first?.type ?? 'none'}, expected collaboration.opened`);
  }
  const machine = machines[first.plan.pattern];
  return rest.reduce((state, fact) => machine.evolve(state, fact), machine.open(first));
}
