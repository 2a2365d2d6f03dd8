import type { Pattern, Plan } from '../../domain/collaboration/plan.ts';
import type { Estimate } from '../../domain/collaboration/request.ts';
import type { Database, Transaction } from '../database/connection.ts';
import type {
  Collaboration,
  CollaborationStatus,
  CollaborationSummary,
  DecisionSummary,
  KeyedStart,
  ListInput,
  RunUnderWay,
} from './collaboration-terms.ts';
import { createdConditions } from './newest-first.ts';

interface SummaryRow {
  readonly id: string;
  readonly pattern: Pattern;
  readonly status: CollaborationStatus;
  readonly simulated: boolean;
  readonly question: string;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly decision: DecisionSummary | null;
  readonly parent_id: string | null;
  readonly part: string | null;
}

interface FullRow extends SummaryRow {
  readonly record_sha256: string | null;
  readonly transcript_sha256: string | null;
  readonly request: unknown;
  readonly plan: Plan;
  readonly estimate: Estimate;
  readonly limit_tokens: number | null;
  readonly limit_micros: number | null;
  readonly reserved_tokens: number;
  readonly reserved_micros: number;
  readonly settled_tokens: number;
  readonly settled_micros: number;
}

/**
 * Reads one run with its request, plan and budget.
 *
 * @param sql - a transaction of the tenant
 * @param tenantId - whose run
 * @param collaborationId - which run
 */
export async function readCollaboration(
  sql: Transaction,
  tenantId: string,
  collaborationId: string,
): Promise<Collaboration | undefined> {
  const [row] = await sql<FullRow[]>`
    select c.*, r.request, r.plan, r.estimate,
      b.limit_tokens::float8 as limit_tokens, b.limit_micros::float8 as limit_micros,
      b.reserved_tokens::float8 as reserved_tokens, b.reserved_micros::float8 as reserved_micros,
      b.settled_tokens::float8 as settled_tokens, b.settled_micros::float8 as settled_micros
    from conclave.collaborations c
    join conclave.collaboration_requests r on r.tenant_id = c.tenant_id and r.collaboration_id = c.id
    join conclave.budgets b on b.tenant_id = c.tenant_id and b.collaboration_id = c.id
    where c.tenant_id = ${tenantId} and c.id = ${collaborationId}`;
  if (row === undefined) return undefined;
  return {
    ...summaryOf(row),
    request: row.request,
    plan: row.plan,
    estimate: row.estimate,
    recordSha256: row.record_sha256,
    transcriptSha256: row.transcript_sha256,
    budget: {
      limits: { tokens: row.limit_tokens, microsUsd: row.limit_micros },
      reserved: { tokens: row.reserved_tokens, microsUsd: row.reserved_micros },
      settled: { tokens: row.settled_tokens, microsUsd: row.settled_micros },
    },
  };
}

/**
 * Reads what an idempotency key has started.
 *
 * @param sql - a transaction of the tenant
 * @param tenantId - whose key
 * @param key - as the caller gave it
 */
export async function readKeyedStart(
  sql: Transaction,
  tenantId: string,
  key: string,
): Promise<KeyedStart | undefined> {
  const [row] = await sql<{ collaboration_id: string; request_sha256: string }[]>`
    select collaboration_id, request_sha256 from conclave.idempotency_keys
    where tenant_id = ${tenantId} and key = ${key}`;
  return row && { collaborationId: row.collaboration_id, requestSha256: row.request_sha256 };
}

/**
 * Lists runs, newest first, from the row after the cursor on.
 *
 * @param sql - a transaction of the tenant
 * @param input - filters, cursor and size of the page
 */
export async function listCollaborations(
  sql: Transaction,
  input: ListInput,
): Promise<CollaborationSummary[]> {
  const { limit, cursor } = input;
  const last = cursor && { createdAt: cursor.createdAt, id: cursor.collaborationId };
  const filters = [
    input.status === undefined ? undefined : sql`and status = ${input.status}`,
    input.pattern === undefined ? undefined : sql`and pattern = ${input.pattern}`,
    input.origin === undefined ? undefined : sql`and origin_id = ${input.origin}`,
    input.parent === undefined ? sql`and parent_id is null` : sql`and parent_id = ${input.parent}`,
    ...createdConditions(sql, input, last),
  ];
  const rows = await sql<SummaryRow[]>`
    select id, pattern, status, simulated, question, created_at, started_at, ended_at, decision,
      parent_id, part
    from conclave.collaborations
    where tenant_id = ${input.tenantId} ${filters.map((filter) => filter ?? sql``)}
    order by created_at desc, id desc limit ${limit}`;
  return rows.map(summaryOf);
}

/**
 * Reads runs of all tenants that were started and have not ended.
 *
 * @param database - the pool; no tenant's transaction
 * @param after - the last one of the page before
 * @param limit - most rows
 */
export async function readUnderWay(
  database: Database,
  after: RunUnderWay | undefined,
  limit: number,
): Promise<RunUnderWay[]> {
  const { status = null, tenantId = null, createdAt = null, collaborationId = null } = after ?? {};
  const rows = await database.sql<
    {
      tenant_id: string;
      collaboration_id: string;
      pattern: Pattern;
      status: RunUnderWay['status'];
      created_at: Date;
    }[]
  >`
    select * from conclave.runs_under_way(
      ${status}, ${tenantId}, ${createdAt}::timestamptz, ${collaborationId}, ${limit})`;
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    collaborationId: row.collaboration_id,
    pattern: row.pattern,
    status: row.status,
    createdAt: row.created_at.toISOString(),
  }));
}

function summaryOf(row: SummaryRow): CollaborationSummary {
  return {
    collaborationId: row.id,
    pattern: row.pattern,
    status: row.status,
    question: row.question,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    decision: row.decision,
    simulated: row.simulated,
    ...(row.parent_id === null
      ? {}
      : { parent: { collaborationId: row.parent_id, part: row.part ?? '' } }),
  };
}
