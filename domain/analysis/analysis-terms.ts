import type { QuestionKind } from '../calibration/question-kind.ts';
import type { NoDecisionReason } from '../collaboration/fact.ts';
import type { BudgetLimits } from '../collaboration/plan.ts';
import type { Text } from '../ledger/event.ts';
import type { Usage } from '../providers/usage.ts';

/** Most parts that any analysis may have. */
export const partsMax = 12;

/** Longest question of one part, characters. */
export const partQuestionCharactersMax = 2_000;

/** How a large question is to be cut; snapshot in the plan of an analysis. */
export interface Cutting {
  /** Most parts, 1 to 12. */
  readonly partsMax: number;
  /** What is held back for the synthesis; money of an unknown price counts as none. */
  readonly reserve: { readonly tokens: number; readonly microsUsd: number };
  /** Seats whose personas the request named: parts leave them as they are. */
  readonly personasFixed: readonly string[];
  /** Longest reply in the parts, tokens; `null` where each part follows its own thoroughness. */
  readonly outputFixed: number | null;
}

/** One part as the chair proposed it and the rules accepted it: ids and kinds, the words are content. */
export interface Part {
  /** `p1`, `p2`, … in the order in which they were proposed. */
  readonly part: string;
  readonly kind: QuestionKind;
  /** Parts whose answers this one needs; none of them needs it in turn. */
  readonly after: readonly string[];
}

/** How a part came out. `unanswered`: it ran and came to no decision; `refused`: it was not run; `failed`: it broke. */
export const partEndings = ['answered', 'unanswered', 'refused', 'failed'] as const;
export type PartEnding = (typeof partEndings)[number];

/** Why a part was not run. */
export const refusalReasons = ['budget', 'needs-missing', 'stopped', 'unplannable'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** What a part used in all: its calls are those of its own collaboration. */
export interface PartCost {
  readonly usage: Usage;
  /** Integer micro-dollars; `null` where a price or usage is unknown. */
  readonly microsUsd: number | null;
  /** What counts against the budget of the whole: used, or reserved where use is unknown. */
  readonly charged: { readonly tokens: number; readonly microsUsd: number };
  readonly calls: number;
  readonly unknownCalls: number;
}

/** The end of a part. */
export interface PartEnd extends PartCost {
  readonly part: string;
  readonly ending: PartEnding;
  /** Why there is no answer; `null` where there is one, and where the part broke. */
  readonly reason: NoDecisionReason | RefusalReason | null;
  /** Artifact of the part's sealed record; `null` where there is none. */
  readonly record: string | null;
}

/** Where a part stands. */
export interface PartState extends Part {
  readonly state: 'planned' | 'running' | 'ended';
  /** What it may use; `null` before it was opened. */
  readonly budget: BudgetLimits | null;
  readonly end: PartEnd | null;
}

/** The part of a larger question that a collaboration works on. */
export interface ParentRef {
  readonly collaborationId: string;
  readonly part: string;
}

/** Content of the decomposition: the parts in words, in the order of the fact. */
export interface PartQuestion {
  readonly part: string;
  readonly question: string;
}

/** Content of the end of a part: what it came to, in words. */
export interface PartContent {
  /** Id of the collaboration that worked on it; `null` where none was opened. */
  readonly collaboration: string | null;
  readonly answer: Text | null;
  readonly explanation: string;
}

/** Two parts or more whose answers cannot all be true, as the synthesis named it. */
export interface Contradiction {
  readonly parts: readonly string[];
  readonly about: string;
}
