import type { SandboxLane } from '../../domain/sandbox/run.ts';
import type { SandboxRunStatus } from '../../domain/sandbox/run-state.ts';
import { persistently } from '../database/persistence.ts';
import { createdConditions } from './newest-first.ts';
import type { CreatedRange } from './newest-first.ts';
import type { StoreDeps } from './store-deps.ts';

/** A run as lists show it. Times are RFC 3339, UTC, milliseconds. */
export interface SandboxRunRow {
  readonly runId: string;
  readonly lane: SandboxLane;
  readonly status: SandboxRunStatus;
  /** Artifact of the request. */
  readonly requestSha256: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly startedAt: string | null;
  /** When somebody wanted it ended. */
  readonly cancelledAt: string | null;
  readonly endedAt: string | null;
}

/** A run that has not ended. */
export interface OpenSandboxRun {
  readonly tenantId: string;
  readonly runId: string;
  readonly lane: SandboxLane;
  readonly status: 'queued' | 'running';
  /** Longest that its program may take, milliseconds. */
  readonly timeMs: number;
  /** Who has it; null when nobody does. */
  readonly workerId: string | null;
  readonly createdAt: string;
}

/** Which runs to list. */
export interface SandboxRunsInput extends CreatedRange {
  readonly tenantId: string;
  readonly status?: SandboxRunStatus;
  readonly lane?: SandboxLane;
  /** The last one of the page before. */
  readonly cursor?: { readonly createdAt: string; readonly runId: string };
  readonly limit: number;
}

/** Runs in a sandbox; their rows follow from the ledger, so nothing is written here. */
export interface SandboxRunStore {
  get(tenantId: string, runId: string): Promise<SandboxRunRow | undefined>;
  /** Lists runs, newest first. */
  list(input: SandboxRunsInput): Promise<SandboxRunRow[]>;
  /**
   * Lists, across tenants, runs that have not ended, oldest first.
   *
   * @param after - the last one of the page before; undefined for the first page
   */
  open(after: OpenSandboxRun | undefined, limit: number): Promise<OpenSandboxRun[]>;
}

interface Row {
  readonly id: string;
  readonly lane: SandboxLane;
  readonly status: SandboxRunStatus;
  readonly request_sha256: string;
  readonly attempts: number;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly cancelled_at: Date | null;
  readonly ended_at: Date | null;
}

interface OpenRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly lane: SandboxLane;
  readonly status: 'queued' | 'running';
  readonly time_ms: number;
  readonly worker_id: string | null;
  readonly created_at: Date;
}

/**
 * Opens the store of runs in a sandbox.
 *
 * @param deps - the database
 */
export function createSandboxRunStore(deps: StoreDeps): SandboxRunStore {
  const { database } = deps;
  return {
    get: (tenantId, runId) =>
      database.withTenant(tenantId, async (sql) => {
        const [row] = await sql<Row[]>`
          select * from conclave.sandbox_runs where tenant_id = ${tenantId} and id = ${runId}`;
        return row && rowOf(row);
      }),

    list: (input) =>
      database.withTenant(input.tenantId, async (sql) => {
        const { cursor } = input;
        const last = cursor && { createdAt: cursor.createdAt, id: cursor.runId };
        const filters = [
          input.status === undefined ? undefined : sql`and status = ${input.status}`,
          input.lane === undefined ? undefined : sql`and lane = ${input.lane}`,
          ...createdConditions(sql, input, last),
        ];
        const rows = await sql<Row[]>`
          select * from conclave.sandbox_runs
          where tenant_id = ${input.tenantId} ${filters.map((filter) => filter ?? sql``)}
          order by created_at desc, id desc limit ${input.limit}`;
        return rows.map(rowOf);
      }),

    open: async (after, limit) => {
      const { createdAt = null, runId = null } = after ?? {};
      const rows = await persistently(
        () => database.sql<OpenRow[]>`
          select * from conclave.sandbox_runs_open(${createdAt}::timestamptz, ${runId}, ${limit})`,
      );
      return rows.map((row) => ({
        tenantId: row.tenant_id,
        runId: row.id,
        lane: row.lane,
        status: row.status,
        timeMs: row.time_ms,
        workerId: row.worker_id,
        createdAt: row.created_at.toISOString(),
      }));
    },
  };
}

function rowOf(row: Row): SandboxRunRow {
  return {
    runId: row.id,
    lane: row.lane,
    status: row.status,
    requestSha256: row.request_sha256,
    attempts: row.attempts,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    cancelledAt: row.cancelled_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
