import { consensus as machine } from '../domain/consensus/consensus.ts';
import { openRun, perform, seal } from './collaboration.ts';
import type { Outcome } from './outcome.ts';
import type { CollaborationInput } from './run.ts';

/**
 * Runs a consensus round: a private blind vote, tallied by the plan's protocol.
 *
 * @param input - ids and the whole plan
 * @returns the outcome in keys, with the artifact of the sealed record
 */
export async function consensus(input: CollaborationInput): Promise<Outcome> {
  const run = openRun(input, machine);
  for (let step = machine.next(run.state); step.kind !== 'end'; step = machine.next(run.state)) {
    await perform(run, step);
  }
  return await seal(run);
}
