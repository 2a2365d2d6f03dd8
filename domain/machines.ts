import type { Fact } from './collaboration/fact.ts';
import type { Pattern } from './collaboration/plan.ts';
import type { RunState } from './collaboration/run-state.ts';
import type { Machine } from './collaboration/step.ts';
import { consensus } from './consensus/consensus.ts';
import { debate } from './debate/debate.ts';

/** The machine of every pattern: a new pattern enters here, and nowhere else in the domain. */
export const machines: Readonly<Record<Pattern, Machine<RunState>>> = { consensus, debate };

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
