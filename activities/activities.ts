import type { Fact, TurnFact } from '../domain/collaboration/fact.ts';

/** One model call's purpose; where it belongs is in the turn's name. */
export interface AskAgentInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  /** `<task>-<round>-<seat>`. */
  readonly turn: string;
}

/** A fact that the workflow decided, with the id that makes recording it twice recording it once. */
export interface DecidedFact {
  readonly id: string;
  readonly fact: Fact;
}

/** Facts to be recorded together, in order. */
export interface RecordFactsInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly facts: readonly DecidedFact[];
  /** Turns that were asked and have not come back yet. */
  readonly awaited: readonly string[];
}

/**
 * What recording came to. `recorded` carries facts only where the ledger had other ones under the same ids
 * (an earlier try whose answer was lost): the ledger is right. `missed`: nothing was recorded, because these
 * awaited turns have ended in time; fold them in and decide again.
 */
export type RecordFactsResult =
  | { readonly kind: 'recorded'; readonly facts?: readonly Fact[] }
  | { readonly kind: 'missed'; readonly facts: readonly TurnFact[] };

/** The run whose decision is to be sealed. */
export interface SealDecisionInput {
  readonly tenantId: string;
  readonly collaborationId: string;
}

/** The sealed record, by its artifact. */
export interface SealDecisionResult {
  readonly record: string;
}

/** Everything that workflows may ask of the outside. */
export interface Activities {
  /** Asks one agent once; safe to repeat. */
  askAgent(input: AskAgentInput): Promise<TurnFact>;
  /** Appends what the workflow decided to the ledger; safe to repeat. */
  recordFacts(input: RecordFactsInput): Promise<RecordFactsResult>;
  /** Builds, signs and stores the decision record; safe to repeat. */
  sealDecision(input: SealDecisionInput): Promise<SealDecisionResult>;
}
