import type { Part, PartEnd } from '../analysis/analysis-terms.ts';
import type {
  ApprovalAnswer,
  ApprovalReply,
  ApprovalRequest,
  VerdictByPeople,
} from '../approvals/approval-terms.ts';
import type { GateDecision } from '../gate/gate-terms.ts';
import type { Choice } from '../protocols/protocol.ts';
import type { Usage } from '../providers/usage.ts';
import type { BudgetLimits, Plan, Seat } from './plan.ts';

/** What the seats do in one pass. `critique` exists only in plans of split depth; `nomination` gathers options before a vote on them. */
export const phases = ['nomination', 'vote', 'proposal', 'critique', 'revision'] as const;
export type Phase = (typeof phases)[number];

/** What one model call is asked for: a phase's contribution, or a chair's task. */
export const turnTasks = [
  ...phases,
  'decomposition',
  'grouping',
  'judgement',
  'synthesis',
] as const;
export type TurnTask = (typeof turnTasks)[number];

/** Why a turn counts as an abstention. */
export const abstentionReasons = [
  'declined',
  'refusal',
  'empty',
  'not-json',
  'cut-off',
  'invalid-answer',
  'invalid-confidence',
  'flip-without-citation',
  'provider-failed',
  'not-permitted',
  'silent',
] as const;
export type AbstentionReason = (typeof abstentionReasons)[number];

/** Why a pass ended. */
export const closingReasons = [
  'complete',
  'certain',
  'deadline',
  'closed',
  'budget',
  'cancelled',
] as const;
export type ClosingReason = (typeof closingReasons)[number];

/** Why a run stopped asking. */
export const stopReasons = [
  'rounds',
  'parts',
  'stability',
  'gate',
  'certain',
  'deadline',
  'budget',
  'closed',
  'cancelled',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** Why there is no decision. */
export const noDecisionReasons = [
  'tie',
  'no-quorum',
  'veto',
  'no-answers',
  'budget',
  'deadline',
  'cancelled',
  'rejected',
] as const;
export type NoDecisionReason = (typeof noDecisionReasons)[number];

/** What the budget's state demands of a pass; decided when the pass opens, and recorded with it. */
export interface Directives {
  /** From 80 % on prompts carry a summary of the earlier passes instead of their text. */
  readonly context: 'full' | 'summary';
  /** From 95 % on this is the last pass. */
  readonly isLast: boolean;
}

/** Identity of one model call's purpose within a run; the same turn is never paid twice. */
export interface TurnRef {
  /** `<task>-<round>-<seat>`. */
  readonly turn: string;
  readonly task: TurnTask;
  readonly round: number;
  readonly seat: string;
}

/**
 * Calls of a turn that may have been paid and whose answers never came: their worker died, or their provider fell
 * silent, and they were made again. Nobody knows what they cost; they count against the budget with what was reserved.
 */
export interface LostCalls {
  readonly calls: number;
  readonly tokens: number;
  /** Integer micro-dollars; 0 where the price is unknown, since nothing could be reserved. */
  readonly microsUsd: number;
}

/** What a turn cost. */
export interface TurnCost {
  readonly usage: Usage;
  /** Integer micro-dollars; `null` where price or usage is unknown. */
  readonly microsUsd: number | null;
  /** What counts against the budget where usage or price is unknown: the amount that was reserved. */
  readonly charged?: { readonly tokens: number; readonly microsUsd: number };
  /** Earlier calls for the same turn, beside the one that `usage` tells of; absent where none was lost. */
  readonly lost?: LostCalls;
  /** Only in a fork: number of the event in its origin that this one was taken over from. It was paid there, not here. */
  readonly reused?: number;
}

/** A share of the budget whose crossing changes how a run goes on, percent. */
export const budgetThresholds = [80, 90, 95, 100] as const;
export type BudgetThreshold = (typeof budgetThresholds)[number];

/**
 * What happened, without its content: the ledger's events carry the same fields and the content beside them.
 * Answers are keys: `o<n>` for an option, `a<hash>` for an open answer.
 * A fact of type `x.y` is the ledger's event `conclave.x.y.v1`.
 */
export type Fact =
  /** First of a stream. */
  | { readonly type: 'collaboration.opened'; readonly plan: Plan }
  /** A pass begins: who is asked and how. Follows `collaboration.opened` or `round.closed`. */
  | {
      readonly type: 'round.opened';
      readonly round: number;
      readonly phase: Phase;
      readonly seats: readonly string[];
      readonly directives: Directives;
    }
  /** A seat took a position in the open pass. `citing` names the turn whose argument caused a flip. */
  | ({
      readonly type: 'position.submitted';
      readonly choice: Choice;
      /** Options this seat excludes; only under a quorum with veto. */
      readonly vetoes?: readonly string[];
      /** 0 to 1, private; `null` where it was not given. */
      readonly confidence: number | null;
      readonly citing: string | null;
    } & TurnRef &
      TurnCost)
  /** A seat criticised the others' positions (split depth). */
  | ({ readonly type: 'critique.submitted' } & TurnRef & TurnCost)
  /** A turn gave nothing usable, even after one repair. */
  | ({ readonly type: 'turn.abstained'; readonly reason: AbstentionReason } & TurnRef & TurnCost)
  /** A call was still running when its pass closed; what it cost is settled, what it said does not count. */
  | ({ readonly type: 'turn.cancelled' } & TurnRef & TurnCost)
  /** A turn was not started, or after lost calls not started again, because the budget had no room for it. */
  | ({ readonly type: 'turn.refused'; readonly reason: 'budget' } & TurnRef &
      Pick<TurnCost, 'lost'>)
  /** The open pass ended. Outstanding seats have abstained by silence. */
  | {
      readonly type: 'round.closed';
      readonly round: number;
      readonly phase: Phase;
      readonly reason: ClosingReason;
    }
  /** The chair merged answers that mean the same: each key maps to the key that stands for it. */
  | ({
      readonly type: 'answers.grouped';
      readonly merges: Readonly<Record<string, string>>;
    } & TurnRef &
      TurnCost)
  /** The judge chose. */
  | ({ readonly type: 'judgement.given'; readonly choice: Choice } & TurnRef & TurnCost)
  /** The chair wrote the answer up. */
  | ({
      readonly type: 'synthesis.written';
      /** Key of the answer; of an analysis only, whose verdict names it. */
      readonly key?: string;
      /** Names of the parts that contradict each other, one list a contradiction; of an analysis only. */
      readonly contradictions?: readonly (readonly string[])[];
    } & TurnRef &
      TurnCost)
  /** The chair cut the question into parts. First turn of an analysis. */
  | ({ readonly type: 'question.decomposed'; readonly parts: readonly Part[] } & TurnRef & TurnCost)
  /** A part begins as a collaboration of its own, with its share of the budget. All that it needs has ended. */
  | { readonly type: 'part.opened'; readonly part: string; readonly budget: BudgetLimits }
  /** A part came to its end; one that was never opened ends without having cost anything. */
  | ({ readonly type: 'part.ended' } & PartEnd)
  /** Whether the blind vote is enough. Follows the first `round.closed` of a debate whose plan has a gate. */
  | ({ readonly type: 'gate.decided' } & GateDecision)
  | { readonly type: 'threshold.reached'; readonly percent: BudgetThreshold }
  | { readonly type: 'collaboration.paused'; readonly by: string }
  | { readonly type: 'collaboration.resumed'; readonly by: string }
  | { readonly type: 'collaboration.cancelled'; readonly by: string; readonly reason: string }
  /** A person ends the open pass, or the whole run with what it has. */
  | { readonly type: 'closing.requested'; readonly by: string; readonly scope: 'round' | 'run' }
  | { readonly type: 'deadline.passed' }
  /** From the next pass on. */
  | { readonly type: 'participant.added'; readonly by: string; readonly seat: Seat }
  /** Shown to the seats from the next pass on. The text is the event's content. */
  | { readonly type: 'message.added'; readonly by: string; readonly messageId: string }
  /** The new limits, not the difference. */
  | { readonly type: 'budget.raised'; readonly by: string; readonly budget: BudgetLimits }
  /** The machine asks people; it waits until the approval is settled by one of the next three. Between passes only. */
  | ({ readonly type: 'approval.requested' } & ApprovalRequest)
  /** A person answered, once. `remembered` names the earlier approval whose answer holds here too. */
  | ({ readonly type: 'approval.answered'; readonly remembered?: string } & ApprovalReply)
  /** Nobody answered in time, or the run's own time was up: the plan's default holds. */
  | {
      readonly type: 'approval.expired';
      readonly approval: string;
      readonly answer: ApprovalAnswer;
    }
  /** The run was cancelled or closed before anybody answered. */
  | { readonly type: 'approval.withdrawn'; readonly approval: string }
  /** The machine's verdict. Follows the last `round.closed`; nothing but settled costs and the seal may follow. */
  | { readonly type: 'decision.reached'; readonly verdict: Verdict };

/** The outcome of a run, in keys. */
export interface Verdict {
  readonly kind: 'decided' | 'no-decision';
  readonly answer: string | null;
  readonly reason: NoDecisionReason | null;
  readonly stoppedBy: StopReason;
  readonly rounds: number;
  /** One sentence for a person: what the protocol counted. */
  readonly explanation: string;
  /** Only where people were asked about the decision. */
  readonly people?: VerdictByPeople;
}

export type FactType = Fact['type'];
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>;

/** The facts in which one model call can end. */
export type TurnFact = FactOf<
  | 'position.submitted'
  | 'critique.submitted'
  | 'turn.abstained'
  | 'turn.cancelled'
  | 'turn.refused'
  | 'answers.grouped'
  | 'judgement.given'
  | 'synthesis.written'
  | 'question.decomposed'
>;

/**
 * Names a turn.
 *
 * @returns `<task>-<round>-<seat>`, unique within a run
 */
export function turnRef(task: TurnTask, round: number, seat: string): TurnRef {
  return { turn: `${task}-${String(round)}-${seat}`, task, round, seat };
}
