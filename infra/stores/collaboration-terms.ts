import type { ParentRef } from '../../domain/analysis/analysis-terms.ts';
import type { Decision } from '../../domain/collaboration/decision.ts';
import type { BudgetLimits, Pattern, Plan } from '../../domain/collaboration/plan.ts';
import type { Estimate } from '../../domain/collaboration/request.ts';
import type { NewEvent } from '../../domain/ledger/event.ts';
import type { CreatedRange } from './newest-first.ts';

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

/** Most rows that are listed at once: a page of 200, and one that tells whether another follows. */
export const listLimitMax = 201;

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
  /** The first events of its stream, `conclave.collaboration.opened.v1` before all. Turns among them are never asked. */
  readonly events: readonly NewEvent[];
  readonly idempotency: { readonly key: string; readonly requestSha256: string } | null;
}

/** What opening came to. `conflict`: the key was used with another body. */
export type CreateResult =
  | { readonly kind: 'created' }
  | { readonly kind: 'replayed'; readonly collaborationId: string }
  | { readonly kind: 'conflict'; readonly collaborationId: string };

/** What an idempotency key stands for. */
export interface KeyedStart {
  readonly collaborationId: string;
  readonly requestSha256: string;
}

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
  /** The analysis that it is a part of; absent where it is none. */
  readonly parent?: ParentRef;
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

/** Which runs to list, newest first; bounds are exclusive. */
export interface ListInput extends CreatedRange {
  readonly tenantId: string;
  readonly status?: CollaborationStatus;
  readonly pattern?: Pattern;
  /** Only forks of this run. */
  readonly origin?: string;
  /** Only the parts of this analysis; without it no parts are listed. */
  readonly parent?: string;
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

/** A run that was started and has not ended. */
export interface RunUnderWay {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly pattern: Pattern;
  readonly status: 'running' | 'waiting' | 'paused';
  readonly createdAt: string;
}

/** A message to a run, kept until its fact brings it into the ledger. */
export interface Message {
  readonly messageId: string;
  readonly author: string;
  readonly text: string;
  readonly createdAt: string;
}
