import type { Decision } from '../../domain/collaboration/decision.ts';
import type { BudgetLimits, Pattern, Plan } from '../../domain/collaboration/plan.ts';
import type { Estimate } from '../../domain/collaboration/request.ts';
import type { LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';

/** The states of a collaboration. */
export const collaborationStatuses = [
  'queued',
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const;
export type CollaborationStatus = (typeof collaborationStatuses)[number];

/** Most characters of a question that the listing keeps. */
export const questionExcerptMax = 200;

/** Most rows of one page. */
export const listLimitMax = 200;

/** What the row keeps of a decision; votes and dissent are in the sealed record. */
export type DecisionSummary = Pick<
  Decision,
  'kind' | 'answer' | 'reason' | 'explanation' | 'rounds' | 'stoppedBy' | 'cost' | 'simulated'
>;

/** A run as it is opened. */
export interface NewCollaboration {
  readonly tenantId: string;
  readonly collaborationId: string;
  /** Whole question; the store keeps its first 200 characters. */
  readonly question: string;
  /** Validated body, materials replaced by references. */
  readonly request: unknown;
  readonly plan: Plan;
  readonly estimate: Estimate;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** The first events of its stream, `conclave.collaboration.opened.v1` before all. */
  readonly events: readonly NewEvent[];
  readonly idempotency: { readonly key: string; readonly requestSha256: string } | null;
}

/** What opening came to. `conflict`: the key was used with another body. */
export type CreateResult =
  | { readonly kind: 'created' }
  | { readonly kind: 'replayed'; readonly collaborationId: string }
  | { readonly kind: 'conflict'; readonly collaborationId: string };

/** A run as the listing shows it. */
export interface CollaborationSummary {
  readonly collaborationId: string;
  readonly pattern: Pattern;
  readonly status: CollaborationStatus;
  /** First 200 characters of the question. */
  readonly question: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly decision: DecisionSummary | null;
  readonly simulated: boolean;
}

/** A run with everything that its row holds. */
export interface Collaboration extends CollaborationSummary {
  readonly request: unknown;
  readonly plan: Plan;
  readonly estimate: Estimate;
  readonly recordSha256: string | null;
  readonly transcriptSha256: string | null;
  readonly budget: BudgetState;
}

/** Where a run's budget stands; money in integer micro-dollars. */
export interface BudgetState {
  readonly limits: BudgetLimits;
  readonly reserved: { readonly tokens: number; readonly microsUsd: number };
  readonly settled: { readonly tokens: number; readonly microsUsd: number };
}

/** Which runs to list, newest first. */
export interface ListInput {
  readonly tenantId: string;
  readonly status?: CollaborationStatus;
  readonly pattern?: Pattern;
  /** Exclusive bounds, RFC 3339. */
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  /** The last row of the page before. */
  readonly cursor?: { readonly createdAt: string; readonly collaborationId: string };
  /** 1 to {@link listLimitMax}. */
  readonly limit: number;
}

/** What sealing writes. */
export interface SealInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly recordSha256: string;
  readonly transcriptSha256: string;
  readonly decision: DecisionSummary;
  /** `conclave.decision.sealed.v1`; its time is the end of the run. */
  readonly event: NewEvent;
}

/** A message to a run, kept until its fact brings it into the ledger. */
export interface Message {
  readonly messageId: string;
  readonly author: string;
  readonly text: string;
  readonly createdAt: string;
}

/** Collaborations: their rows, listing, idempotency keys and messages. */
export interface CollaborationStore {
  /** Opens a run: row, budget, first events and idempotency key in one transaction. Repeatable: the same id and key again is `created`. */
  create(input: NewCollaboration): Promise<CreateResult>;
  get(tenantId: string, collaborationId: string): Promise<Collaboration | undefined>;
  list(input: ListInput): Promise<CollaborationSummary[]>;
  /** Notes that the workflow began; a run that is not queued stays as it is. */
  markRunning(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly time: string;
  }): Promise<void>;
  /** Notes that the run broke without a decision; an ended run stays as it is. */
  markFailed(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly time: string;
  }): Promise<void>;
  /** Writes the end of a run together with its last event. Repeatable. */
  seal(input: SealInput): Promise<LedgerEvent>;
  /** Lists, across tenants, runs that are queued for longer than that: their start was lost. At most 100, oldest first. */
  queuedOlderThan(
    seconds: number,
  ): Promise<{ readonly tenantId: string; readonly collaborationId: string }[]>;
  /** Keeps a message; false when the run does not exist. Repeatable by id. */
  addMessage(
    input: { readonly tenantId: string; readonly collaborationId: string } & Message,
  ): Promise<boolean>;
  getMessage(input: {
    readonly tenantId: string;
    readonly collaborationId: string;
    readonly messageId: string;
  }): Promise<Message | undefined>;
}
