import type {
  CollaborationStatus,
  CollaborationSummary,
} from '../infra/stores/collaboration-store.ts';

const finalStatuses: readonly CollaborationStatus[] = ['completed', 'failed', 'cancelled'];

/** Whether nothing can change the outcome any more; the seal may still be to come. */
export function isDecided(row: Pick<CollaborationSummary, 'status'>): boolean {
  return finalStatuses.includes(row.status);
}

/** Whether all is over: what came out is sealed, or never will be. */
export function isEnded(row: Pick<CollaborationSummary, 'endedAt'>): boolean {
  return row.endedAt !== null;
}

/**
 * Says a run's state as callers see it. From the verdict to the seal it still runs, so that whoever
 * sees an end also finds the decision.
 */
export function shownStatus(
  row: Pick<CollaborationSummary, 'status' | 'endedAt'>,
): CollaborationStatus {
  return isDecided(row) && !isEnded(row) ? 'running' : row.status;
}
