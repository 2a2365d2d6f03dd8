import type { Fact, TurnFact } from '../domain/collaboration/fact.ts';
import type { TurnEnding } from '../domain/collaboration/turn-ending.ts';

/**
 * One model call's purpose; the turn is `<task>-<round>-<seat>`. It stands in the history once for every call, so it is
 * short: the collaboration is named by the workflow's id.
 */
export type AskAgentInput = readonly [tenantId: string, turn: string];

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
  /** What the ids of the next step that the machine decides begin with. */
  readonly step: string;
}

/**
 * What recording came to; `null` when the facts were recorded as they are. `replaced`: the ledger has other facts under
 * these ids, from an earlier try whose answer was lost, and the ledger is right. `missed`: nothing was recorded, because
 * these awaited turns have ended in time; fold them in and decide again. `behind`: nothing was recorded, because the
 * ledger has the machine's next step already, from a try that died before it could tell; fold it in first.
 */
export type RecordFactsResult =
  | null
  | { readonly kind: 'replaced'; readonly facts: readonly Fact[] }
  | { readonly kind: 'missed'; readonly facts: readonly TurnFact[] }
  | { readonly kind: 'behind'; readonly facts: readonly Fact[] };

/** The run whose decision is to be sealed, and what is to be recorded right before; nothing may be awaited any more. */
export interface SealDecisionInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly facts: readonly DecidedFact[];
  /** What the ids of these facts begin with. */
  readonly step: string;
}

/**
 * The sealed record, by its artifact. `facts`: what the ledger has instead of those that were to be recorded; where that
 * is no decision, nothing was sealed and `record` is null.
 */
export interface SealDecisionResult {
  readonly record: string | null;
  readonly facts?: readonly Fact[];
}

/** Everything that workflows may ask of the outside. */
export interface Activities {
  /** Asks one agent once; safe to repeat. */
  askAgent(input: AskAgentInput): Promise<TurnEnding>;
  /** Appends what the workflow decided to the ledger; safe to repeat. */
  recordFacts(input: RecordFactsInput): Promise<RecordFactsResult>;
  /** Builds, signs and stores the decision record; safe to repeat. */
  sealDecision(input: SealDecisionInput): Promise<SealDecisionResult>;
}
