import type { PartEnd } from '../domain/analysis/analysis-terms.ts';
import type { Fact, TurnFact } from '../domain/collaboration/fact.ts';
import type { Plan } from '../domain/collaboration/plan.ts';
import type { TurnEnding } from '../domain/collaboration/turn-ending.ts';
import type { Forgotten, Resumption } from '../domain/ledger/resumption.ts';
import type { SandboxRunEnd } from '../domain/sandbox/run-fact.ts';

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
  /** How many of the run's own facts the workflow knows: all facts but those of turns. */
  readonly known: number;
}

/**
 * What recording came to; `null` when the facts were recorded as they are. `replaced`: these are recorded instead, and
 * the ledger is right; none where the workflow knows what was recorded. `missed`: nothing was recorded, because these
 * awaited turns have ended in time; fold them in and decide again. `behind`: nothing was recorded, because the ledger
 * has more than the workflow knows, from a try that died before it could tell or from before Temporal forgot; fold it
 * in, ask for the outstanding turns, so that they end, and decide again.
 */
export type RecordFactsResult =
  | null
  | { readonly kind: 'replaced'; readonly facts: readonly Fact[] }
  | { readonly kind: 'missed'; readonly facts: readonly TurnFact[] }
  | ({ readonly kind: 'behind'; readonly outstanding: readonly string[] } & Forgotten);

/** The run whose decision is to be sealed, and what is to be recorded right before; nothing may be awaited any more. */
export interface SealDecisionInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly facts: readonly DecidedFact[];
  /** How many of the run's own facts the workflow knows. */
  readonly known: number;
}

/**
 * The sealed record, by its artifact. `instead`: what became of the facts that were to be recorded, where they were not
 * recorded as they are, or not alone: turns that nobody asked for any more, and that may have cost something, have ended.
 * Unless it brings a decision, or none was to be recorded, nothing was sealed and `record` is null.
 */
export interface SealDecisionResult {
  readonly record: string | null;
  readonly instead?: Exclude<RecordFactsResult, null>;
}

/** Names a part of an analysis. */
export interface PartRef {
  readonly tenantId: string;
  /** The analysis. */
  readonly collaborationId: string;
  readonly part: string;
}

/** A part that is stored as a run and is to be started, or to go on. */
export interface OpenedPart {
  readonly kind: 'opened';
  /** The part's own run. */
  readonly collaborationId: string;
  readonly plan: Plan;
  /** Where it goes on, if it had begun before. */
  readonly resumed?: Resumption;
  /**
   * Whether the analysis paused it last, and has not had it go on since; absent where it had not begun, and in results that
   * an older worker recorded.
   */
  readonly isPausedByAnalysis?: boolean;
}

/** What opening a part came to. `ended`: it cannot be run, or has ended before. */
export type OpenPartResult = OpenedPart | { readonly kind: 'ended'; readonly end: PartEnd };

/** Names a run in a sandbox. */
export interface SandboxRunRef {
  readonly tenantId: string;
  readonly runId: string;
}

/** How a run ended that no try brought to a result. */
export interface RecordSandboxEndInput extends SandboxRunRef {
  readonly status: 'killed' | 'failed';
  /** One sentence for a person. */
  readonly reason: string;
}

/** What workers of processor-bound queues do. */
export interface SandboxActivities {
  /** Runs what was asked for and records what came of it; a run that has ended is answered as recorded. */
  runInSandbox(input: SandboxRunRef): Promise<SandboxRunEnd>;
}

/** Everything that workflows may ask of the outside, besides what {@link SandboxActivities} are. */
export interface Activities {
  /** Asks one agent once; safe to repeat. */
  askAgent(input: AskAgentInput): Promise<TurnEnding>;
  /** Appends what the workflow decided to the ledger; safe to repeat. */
  recordFacts(input: RecordFactsInput): Promise<RecordFactsResult>;
  /** Builds, signs and stores the decision record; safe to repeat. */
  sealDecision(input: SealDecisionInput): Promise<SealDecisionResult>;
  /** Plans a part of an analysis and stores it as a run of its own; safe to repeat. */
  openPart(input: PartRef): Promise<OpenPartResult>;
  /** Tells how a part ended; fails, to be tried again, while it goes on. */
  awaitPart(input: PartRef): Promise<PartEnd>;
  /** Records the end of a run in a sandbox that no try brought to a result; the end that was recorded first stays. */
  recordSandboxEnd(input: RecordSandboxEndInput): Promise<SandboxRunEnd>;
}
