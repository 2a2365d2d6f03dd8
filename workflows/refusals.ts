import { ApplicationFailure } from '@temporalio/workflow';

import { pendingIn } from '../domain/approvals/approvals.ts';
import type { FailureType } from '../domain/failures.ts';
import type { Steered } from './messages.ts';
import type { Run } from './run.ts';

/** Where a run stands, as every update answers it. */
export function statusOf({ state }: Pick<Run, 'state'>): Steered['status'] {
  if (state.verdict !== null || state.cancelled !== null) return 'ended';
  if (state.isPaused) return 'paused';
  return pendingIn(state).length > 0 ? 'waiting' : 'running';
}

/** Refuses what comes after the end. */
export function refuseEnded(): never {
  refuse('collaboration-ended', 'the run has ended');
}

/**
 * Refuses an update.
 *
 * @throws ApplicationFailure always
 */
export function refuse(type: FailureType, message: string): never {
  throw ApplicationFailure.create({ type, message, nonRetryable: true });
}
