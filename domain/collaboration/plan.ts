import type { Cutting, ParentRef } from '../analysis/analysis-terms.ts';
import type { People } from '../approvals/approval-terms.ts';
import type { ConfidenceMap } from '../calibration/confidence-map.ts';
import type { QuestionKind } from '../calibration/question-kind.ts';
import type { ModelName } from '../calibration/track-record.ts';
import type { Gate } from '../gate/gate-terms.ts';
import type { Protocol } from '../protocols/protocol.ts';

/** The patterns that exist so far. */
export const patterns = ['consensus', 'debate', 'analysis'] as const;
export type Pattern = (typeof patterns)[number];

/** One seat at the table: an agent with its personas and weight. Seats are named `s1`, `s2`, … in the order of the request. */
export interface Seat {
  readonly seat: string;
  readonly agent: string;
  readonly personas: readonly string[];
  /** Share of the vote, > 0; 1 unless the request says otherwise. */
  readonly weight: number;
  readonly simulated: boolean;
  /** The agent's model when the seat was planned; absent in plans older than records of models, and for the chair. */
  readonly model?: ModelName;
}

/** How the stated confidence of one seat is read, and where its weight comes from. */
export interface SeatCalibration extends ConfidenceMap {
  /** Shrunk share of right answers that its model is expected to give, above 0 and below 1. */
  readonly accuracy: number;
  /** Trials of its model: about this kind of question, and in all. */
  readonly trials: { readonly kind: number; readonly all: number };
}

/** What the records of the models said when the run was planned; a replay reads this, not the records of its day. */
export interface PlanCalibration {
  /** SHA-256 over the method and the records that all this was computed from, hexadecimal. */
  readonly version: string;
  /** Largest share of all weight that one seat could have. */
  readonly shareCap: number;
  /** By seat. A seat that joined later is not among them: it is read as one without a record. */
  readonly seats: Readonly<Record<string, SeatCalibration>>;
}

/** Limits of a run; a limit that is `null` does not exist. */
export interface BudgetLimits {
  readonly tokens: number | null;
  readonly microsUsd: number | null;
}

/** Where a fork comes from. */
export interface Origin {
  readonly collaborationId: string;
  /** Number of the last event there at the moment from which the fork goes on. */
  readonly seq: number;
  /** Hash of that event: it vouches for all that came before it. */
  readonly hash: string;
  /** How many events the fork took over: its own stream begins with them, the opening first. */
  readonly events: number;
}

/**
 * Everything that a run was decided to be before it started: every setting and seed.
 * It enters the workflow's history, so it holds ids and numbers, no text of the question.
 */
export interface Plan {
  readonly pattern: Pattern;
  /** Seed of every shuffle, hexadecimal; recorded so that a replay shuffles alike. */
  readonly seed: string;
  readonly seats: readonly Seat[];
  readonly protocol: Protocol;
  /** Keys of a closed question's options, `o1`, `o2`, … in the order of the request; empty for an open question. */
  readonly optionKeys: readonly string[];
  /** How equal open answers are found. */
  readonly grouping: 'exact' | 'normalised' | 'model';
  /** Most rounds, 1 to 5. */
  readonly rounds: number;
  /** `combined`: critique and revision in one call; `split`: a call each. */
  readonly depth: 'combined' | 'split';
  readonly stopOnStability: boolean;
  /** Whether the last round ends as soon as no outstanding vote can change the outcome. */
  readonly endsEarly: boolean;
  /** Whether a last call writes the answer up from the positions (open debates). */
  readonly synthesis: boolean;
  /**
   * Who judges (protocol `judge`), groups (grouping `model`) and synthesises: an extra seat named `chair`,
   * whose agent may also be a participant. It has no vote of its own.
   */
  readonly chair: Seat;
  readonly allowFallback: boolean;
  readonly budget: BudgetLimits;
  /** Time for the whole run, milliseconds; `null` for none. */
  readonly deadlineMs: number | null;
  /** Upper bound of one reply, tokens. */
  readonly maxOutputTokens: number;
  /** Estimated input of one first-round call, tokens (question, materials, rules). */
  readonly promptTokens: number;
  /** 0.0 to 1.0. */
  readonly thoroughness: number;
  /** What the question is about; absent in older plans, where it is `other`. */
  readonly questionKind?: QuestionKind;
  /** How many seats may be faulty: silent, wrong, or lying together; absent in older plans, where it is 0. */
  readonly toleratedFaults?: number;
  /** Only where the plan uses the records of its models: for weights, or for its gate to read confidences. */
  readonly calibration?: PlanCalibration;
  /**
   * Whether the blind vote may be enough in a debate; `null` for no gate. Absent in other patterns and in plans that are
   * older than gates: their runs have none, and their decisions no report of the debate.
   */
  readonly gate?: Gate | null;
  /** Where the run asks people; absent where it asks none. */
  readonly people?: People;
  /** Only of a fork. */
  readonly origin?: Origin;
  /** How the question is cut; of an analysis only. */
  readonly cutting?: Cutting;
  /** What this run is a part of; absent where it is none. */
  readonly parent?: ParentRef;
}

/** Says how many events at the head of a run's stream were there before its machine decided anything: the opening, or all that a fork took over. */
export function eventsGiven({ origin }: Plan): number {
  return origin?.events ?? 1;
}

/** Makes a plan without one of the fields that not every plan has. */
export function planWithout(plan: Plan, field: 'cutting' | 'parent'): Plan {
  return Object.fromEntries(
    Object.entries(plan).filter(([name]) => name !== field),
  ) as unknown as Plan;
}
