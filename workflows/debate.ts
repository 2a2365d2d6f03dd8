import { debate as machine } from '../domain/debate/debate.ts';
import { openRun, perform, seal } from './collaboration.ts';
import type { Outcome } from './outcome.ts';
import type { CollaborationInput } from './run.ts';

/**
 * Runs a debate: blind proposals, critique and revision, then the decision.
 *
 * @param input - ids and the whole plan
 * @returns the outcome in keys, with the artifact of the sealed record
 */
export async function debate(input: CollaborationInput): Promise<Outcome> {
  const run = openRun(input, machine);
  for (let step = machine.next(run.state); step.kind !== 'end'; step = machine.next(run.state)) {
    await perform(run, step);
  }
  return await seal(run);
}
