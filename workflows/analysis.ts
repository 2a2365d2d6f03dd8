import { analysis as machine } from '../domain/analysis/analysis.ts';
import { openRun, perform, seal } from './collaboration.ts';
import type { Outcome } from './outcome.ts';
import type { CollaborationInput } from './run.ts';

/**
 * Runs an analysis: cuts the question into parts, has each part answered by a workflow of its own, and writes the answer
 * up from theirs.
 *
 * @param input - ids and the whole plan
 * @returns the outcome in keys, with the artifact of the sealed record
 */
export async function analysis(input: CollaborationInput): Promise<Outcome> {
  const run = openRun(input, machine);
  for (let step = machine.next(run.state); step.kind !== 'end'; step = machine.next(run.state)) {
    await perform(run, step);
  }
  return await seal(run);
}
