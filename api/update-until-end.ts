import { setTimeout as pass } from 'node:timers/promises';

import type { RunUnderWay } from '../infra/stores/collaboration-store.ts';
import { isEnded } from './collaboration-status.ts';
import type { ApiDeps, SteeringOutcome } from './ports.ts';
import { waitForEnd } from './starts/wait.ts';

/** An update is answered in some hundredths of a second; only after this it is looked whether its run has ended. */
const PATIENCE_MS = 300;
/** What is left to Temporal to answer after all, once the run has ended. */
const GRACE_MS = 300;

/** Whom an update goes to. */
type SteeredRun = Pick<RunUnderWay, 'tenantId' | 'collaborationId'>;

/**
 * Sends an update to a run and stops waiting once the run has ended. Temporal answers everything but an update that reaches
 * a run just while it completes; after the end nothing is recorded any more, so the ledger has what came of it.
 *
 * @param deps - where the run's end is seen
 * @param run - whom the update goes to
 * @param send - sends it, and gives up by itself at some time
 */
export async function updateUntilEnd(
  deps: Pick<ApiDeps, 'collaborations' | 'feed'>,
  run: SteeredRun,
  send: () => Promise<SteeringOutcome>,
): Promise<SteeringOutcome> {
  const answered = new AbortController();
  const sent = send().finally(() => {
    answered.abort();
  });
  const endedFirst = async (): Promise<SteeringOutcome> =>
    (await hasEnded(deps, run, answered.signal)) ? { kind: 'ended' } : await sent;
  return await Promise.race([sent, endedFirst()]);
}

async function hasEnded(
  deps: Pick<ApiDeps, 'collaborations' | 'feed'>,
  run: SteeredRun,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await pass(PATIENCE_MS, undefined, { signal });
    const row = await waitForEnd(deps, run, { waitMs: Number.POSITIVE_INFINITY, signal });
    if (row === undefined || !isEnded(row)) return false;
    await pass(GRACE_MS, undefined, { signal });
    return true;
  } catch {
    return false; // The update was answered, or the database is away: its own time limit holds.
  }
}
