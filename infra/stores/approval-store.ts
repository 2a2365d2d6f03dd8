import type {
  ApprovalAnswer,
  ApprovalPoint,
  ApprovalStanding,
} from '../../domain/approvals/approval-terms.ts';
import type { Database, Transaction } from '../database/connection.ts';
import type { StoreDeps } from './store-deps.ts';

/** What people are asked in one place of one run, and what became of it. */
export interface ApprovalRow {
  readonly collaborationId: string;
  /** Unique within the run, for instance `decision-1`. */
  readonly approval: string;
  readonly point: ApprovalPoint;
  readonly state: ApprovalStanding;
  readonly question: string;
  readonly answers: readonly ApprovalAnswer[];
  /** What holds when nobody answers in time. */
  readonly onExpiry: ApprovalAnswer;
  /** RFC 3339, UTC. */
  readonly requestedAt: string;
  readonly expiresAt: string;
  /** When it was answered, expired or was withdrawn; `null` while it is pending. */
  readonly settledAt: string | null;
  /** Who answered; `null` where nobody did. */
  readonly by: string | null;
  readonly answer: ApprovalAnswer | null;
  /** Key of the answer that decides. */
  readonly choice: string | null;
  /** Words of a reply or an edit. */
  readonly words: string | null;
  readonly comment: string | null;
  readonly remember: boolean;
}

/** Which approvals are listed. */
export interface ApprovalFilters {
  readonly tenantId: string;
  readonly state?: ApprovalStanding;
  readonly point?: ApprovalPoint;
  readonly collaborationId?: string;
  /** The last one of the page before. */
  readonly after?: { readonly requestedAt: string } & Pick<
    ApprovalRow,
    'collaborationId' | 'approval'
  >;
  readonly limit: number;
}

/** Approvals as the ledger's events leave them; nothing is written here. */
export interface ApprovalStore {
  get(
    tenantId: string,
    name: Pick<ApprovalRow, 'collaborationId' | 'approval'>,
  ): Promise<ApprovalRow | undefined>;
  /** Lists approvals, newest first. */
  list(filters: ApprovalFilters): Promise<ApprovalRow[]>;
}

/** Opens the store of approvals. */
export function createApprovalStore({ database }: StoreDeps): ApprovalStore {
  return {
    get: async (tenantId, name) => await read(database, tenantId, name),
    list: async (filters) =>
      await database.withTenant(filters.tenantId, (sql) => readList(sql, filters)),
  };
}

interface Row {
  readonly collaboration_id: string;
  readonly approval: string;
  readonly point: ApprovalPoint;
  readonly state: ApprovalStanding;
  readonly question: string;
  readonly answers: readonly ApprovalAnswer[];
  readonly on_expiry: ApprovalAnswer;
  readonly requested_at: Date;
  readonly expires_at: Date;
  readonly settled_at: Date | null;
  readonly answered_by: string | null;
  readonly answer: ApprovalAnswer | null;
  readonly choice: string | null;
  readonly words: string | null;
  readonly comment: string | null;
  readonly remember: boolean;
}

async function read(
  database: Database,
  tenantId: string,
  { collaborationId, approval }: Pick<ApprovalRow, 'collaborationId' | 'approval'>,
): Promise<ApprovalRow | undefined> {
  const [row] = await database.withTenant(
    tenantId,
    (sql) => sql<Row[]>`
      select * from conclave.approvals
      where tenant_id = ${tenantId} and collaboration_id = ${collaborationId}
        and approval = ${approval}`,
  );
  return row && approvalOf(row);
}

async function readList(sql: Transaction, filters: ApprovalFilters): Promise<ApprovalRow[]> {
  const { tenantId, state, point, collaborationId, after, limit } = filters;
  const wanted = [
    state === undefined ? undefined : sql`and state = ${state}`,
    point === undefined ? undefined : sql`and point = ${point}`,
    collaborationId === undefined ? undefined : sql`and collaboration_id = ${collaborationId}`,
    after === undefined
      ? undefined
      : sql`and (requested_at, collaboration_id, approval)
          < (${after.requestedAt}::timestamptz, ${after.collaborationId}, ${after.approval})`,
  ];
  const rows = await sql<Row[]>`
    select * from conclave.approvals
    where tenant_id = ${tenantId} ${wanted.map((filter) => filter ?? sql``)}
    order by requested_at desc, collaboration_id desc, approval desc limit ${limit}`;
  return rows.map(approvalOf);
}

function approvalOf(row: Row): ApprovalRow {
  const { approval, point, state, question, answers, answer, choice, words, comment } = row;
  return {
    collaborationId: row.collaboration_id,
    approval,
    point,
    state,
    question,
    answers,
    onExpiry: row.on_expiry,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
    by: row.answered_by,
    answer,
    choice,
    words,
    comment,
    remember: row.remember,
  };
}
