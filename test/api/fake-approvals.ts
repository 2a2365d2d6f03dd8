import type { ApprovalRow, ApprovalStore } from '../../infra/stores/approval-store.ts';

/** Shows approvals that a test keeps, by `<tenant>/<collaboration>.<approval>`. */
export function createFakeApprovals(rows: ReadonlyMap<string, ApprovalRow>): ApprovalStore {
  return {
    get: (tenantId, { collaborationId, approval }) =>
      Promise.resolve(rows.get(`${tenantId}/${collaborationId}.${approval}`)),
    list: ({ tenantId, state, point, collaborationId, after, limit }) =>
      Promise.resolve(
        [...rows]
          .filter(([key]) => key.startsWith(`${tenantId}/`))
          .map(([, row]) => row)
          .filter(
            (row) =>
              (state === undefined || row.state === state) &&
              (point === undefined || row.point === point) &&
              (collaborationId === undefined || row.collaborationId === collaborationId) &&
              (after === undefined || placeOf(row) < placeOf(after)),
          )
          .sort((one, other) => (placeOf(one) < placeOf(other) ? 1 : -1))
          .slice(0, limit),
      ),
  };
}

function placeOf(row: Pick<ApprovalRow, 'requestedAt' | 'collaborationId' | 'approval'>): string {
  return `${row.requestedAt} ${row.collaborationId} ${row.approval}`;
}
