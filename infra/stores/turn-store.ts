import type { Fact, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { TurnOutcome } from '../../domain/ledger/event.ts';
import type { AgentLimits } from '../../domain/providers/agent.ts';

/** Names one turn of one run. */
export interface TurnKey {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly turn: TurnRef;
}

/** What it takes to begin a turn. */
export interface BeginInput extends TurnKey {
  readonly workflowId: string;
  readonly runId: string;
  readonly workerId: string;
  /** Task token of the activity, so that another worker can fail it. */
  readonly taskToken: Uint8Array;
  /** See `accountOf` in domain/providers/agent.ts. */
  readonly account: string;
  readonly limits: AgentLimits;
  /** What the call may cost at most; `microsUsd` is null where the price is unknown. */
  readonly reserve: { readonly tokens: number; readonly microsUsd: number | null };
  /** Time and source of the event, if this ends in one. */
  readonly time: string;
  readonly source: string;
}

/** Why a provider has no room for a call now. */
export type NoRoomReason = 'rate' | 'concurrency' | 'breaker';

/** What a begin came to. */
export type BeginResult =
  /** The turn has its fact already: it is never asked again. */
  | { readonly kind: 'recorded'; readonly fact: TurnFact }
  /** Budget reserved, slot taken, in flight noted. `attempts` counts this one. */
  | { readonly kind: 'begun'; readonly attempts: number }
  /** The budget has no room; `turn.refused` is in the ledger. */
  | { readonly kind: 'refused'; readonly fact: TurnFact }
  /** Nothing was reserved or noted. */
  | { readonly kind: 'no-room'; readonly reason: NoRoomReason; readonly retryAfterMs: number }
  /** Its pass has closed; nothing was started; `turn.cancelled` is in the ledger. */
  | { readonly kind: 'cancelled'; readonly fact: TurnFact };

/** What it takes to settle a turn. */
export interface SettleInput extends TurnKey {
  readonly outcome: TurnOutcome;
  readonly time: string;
  readonly source: string;
}

/** A fact with the id of its event. */
export interface IdentifiedFact {
  readonly id: string;
  readonly fact: Fact;
  /** Content of the event; for `message.added` the text is joined from the stored message. */
  readonly content?: unknown;
}

/** What it takes to record what a workflow decided. */
export interface RecordInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly facts: readonly IdentifiedFact[];
  /** Turns that the workflow still waits for; they count when one of the facts closes (`round.closed`, `decision.reached`). */
  readonly awaited: readonly string[];
  readonly time: string;
  readonly source: string;
}

/** What recording came to. */
export type RecordResult =
  | { readonly kind: 'recorded' }
  /** Awaited turns were settled meanwhile: nothing was recorded, fold these in first. */
  | { readonly kind: 'missed'; readonly facts: readonly TurnFact[] };

/** A turn whose activity may have to be failed because its worker died. */
export interface TurnInFlight {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly turn: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskToken: Uint8Array;
  readonly isSettled: boolean;
}

/**
 * Turns: who asks what, at whose cost. All four writing methods lock the run's stream first, so their order is strict,
 * and all are repeatable: after a failure of the connection the caller may simply call again.
 */
export interface TurnStore {
  /**
   * Begins a turn: reserves its budget, takes the provider's slot and notes the worker, or says why not. A turn that
   * an earlier try left in flight changes hands and is not reserved twice.
   */
  begin(input: BeginInput): Promise<BeginResult>;
  /**
   * Records how a call ended: fact, cost, event and notification in one transaction. Unknown usage is settled at what
   * was reserved. If the pass has closed meanwhile the fact becomes `turn.cancelled` with the same cost and content.
   *
   * @returns the fact that stands: the first one, when it was settled before
   */
  settle(input: SettleInput): Promise<TurnFact>;
  /** Gives reservation and slot back after a failure that will be tried again; a settled turn stays as it is. */
  release(input: TurnKey): Promise<void>;
  /**
   * Appends facts in order, with what they do to the run's status and budget. Closing facts cancel all awaited turns in
   * the same transaction and tell their workers, unless one of them was settled: then nothing is recorded.
   */
  recordFacts(input: RecordInput): Promise<RecordResult>;
  /** Lists, across tenants, the turns that a worker holds, and those it settled within the last minute. */
  inFlightOf(workerId: string): Promise<TurnInFlight[]>;
}
