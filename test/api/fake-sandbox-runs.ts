import type { ApiDeps, SandboxStart } from '../../api/ports.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { readSandboxRun } from '../../domain/sandbox/run-state.ts';
import type { OpenSandboxRun, SandboxRunRow } from '../../infra/stores/sandbox-run-store.ts';

/** What a test may look into and change. */
export interface SandboxBook {
  readonly sandboxStarted: SandboxStart[];
  readonly sandboxCancelled: string[];
  readonly streams: Map<string, LedgerEvent[]>;
  isEngineAway: boolean;
  /** Runs whose workflow has ended. */
  readonly sandboxClosed: Set<string>;
}

/** Rows that follow from the ledger, as they do in the database, and an engine that only notes. */
export function createFakeSandboxRuns(
  book: SandboxBook,
): Pick<ApiDeps, 'sandboxRuns' | 'sandboxEngine' | 'sandboxFolders'> {
  const all = (): { tenantId: string; row: SandboxRunRow; timeMs: number }[] =>
    [...book.streams].flatMap(([key, events]) => {
      const [tenantId = '', runId = ''] = key.split('/');
      const state = readSandboxRun(events);
      if (state === undefined) return [];
      const { status, requested, attempts, createdAt, startedAt, cancelled, endedAt } = state;
      const row = {
        ...{ runId, status, attempts, createdAt, startedAt, endedAt },
        lane: requested.lane,
        requestSha256: requested.request.artifact,
        cancelledAt: cancelled?.at ?? null,
      };
      return [{ tenantId, row, timeMs: requested.limits.timeMs }];
    });
  const away = { kind: 'unreachable', cause: new Error('away') } as const;
  return {
    sandboxRuns: {
      get: (tenantId, runId) =>
        Promise.resolve(
          all().find((one) => one.tenantId === tenantId && one.row.runId === runId)?.row,
        ),
      list: ({ tenantId, status, lane, cursor, limit }) =>
        Promise.resolve(
          all()
            .filter((one) => one.tenantId === tenantId)
            .map(({ row }) => row)
            .filter((row) => status === undefined || row.status === status)
            .filter((row) => lane === undefined || row.lane === lane)
            .sort((one, other) => (placeOf(one) < placeOf(other) ? 1 : -1))
            .filter((row) => cursor === undefined || placeOf(row) < placeOf(cursor))
            .slice(0, limit),
        ),
      open: (after, limit) =>
        Promise.resolve(
          all()
            .flatMap(({ tenantId, row, timeMs }): OpenSandboxRun[] => {
              const { runId, lane, status, createdAt } = row;
              if (status !== 'queued' && status !== 'running') return [];
              return [{ tenantId, runId, lane, status, timeMs, workerId: null, createdAt }];
            })
            .sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1))
            .filter((run) => after === undefined || placeOf(run) > placeOf(after))
            .slice(0, limit),
        ),
    },
    sandboxEngine: {
      start: (run) => {
        if (book.isEngineAway) return Promise.resolve(away);
        book.sandboxStarted.push(run);
        const isClosed = book.sandboxClosed.has(run.runId);
        return Promise.resolve({ kind: isClosed ? 'closed' : 'started' });
      },
      cancel: (runId) => {
        if (book.isEngineAway) return Promise.resolve(away);
        book.sandboxCancelled.push(runId);
        return Promise.resolve({ kind: 'done' });
      },
    },
    sandboxFolders: [{ name: 'sources', host: '/srv/sources', mode: 'copy' }],
  };
}

function placeOf({ createdAt, runId }: { createdAt: string; runId: string }): string {
  return `${createdAt} ${runId}`;
}
