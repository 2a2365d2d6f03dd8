import type { CollaborationSummary } from '../infra/stores/collaboration-store.ts';

/** Whether all is over: what came out is sealed, or never will be. A run's state is final from then on only. */
export function isEnded(row: Pick<CollaborationSummary, 'endedAt'>): boolean {
  return row.endedAt !== null;
}
