import type { Verdict } from '../collaboration/fact.ts';
import type { GateWay } from '../gate/gate-terms.ts';

/**
 * Where a run may ask people: its questions before any model is asked, what follows a gate that says `ask`, whether to go
 * on after a round, and the decision.
 */
export const approvalPoints = ['start', 'gate', 'round', 'decision'] as const;
export type ApprovalPoint = (typeof approvalPoints)[number];

/** Everything that can be answered; each point takes some of these, see {@link answersAt}. */
export const approvalAnswers = [
  'reply',
  'skip',
  'done',
  'debate',
  'approve',
  'reject',
  'edit',
] as const;
export type ApprovalAnswer = (typeof approvalAnswers)[number];

/** Where an approval stands. Only one that is pending can still change. */
export const approvalStates = ['pending', 'answered', 'expired', 'withdrawn'] as const;
export type ApprovalStanding = (typeof approvalStates)[number];

/** What may be answered at each point. */
export const answersAt = {
  start: ['reply', 'skip'],
  gate: ['done', 'debate'],
  round: ['approve', 'reject'],
  decision: ['approve', 'reject', 'edit'],
} as const satisfies Readonly<Record<ApprovalPoint, readonly ApprovalAnswer[]>>;

/** Answers that hold when nobody has answered in time. A question that nobody answers is skipped. */
export interface ExpiryDefaults {
  readonly gate: GateWay;
  readonly round: 'approve' | 'reject';
  readonly decision: 'approve' | 'reject';
}

/** Where a run asks people, as its plan holds it: the texts of its questions are in the ledger. */
export interface People {
  /** In the order of {@link approvalPoints}, each once. */
  readonly points: readonly ApprovalPoint[];
  /** Questions that are asked at the start, 0 to 5. */
  readonly questions: number;
  /** How long an approval may be answered, milliseconds. */
  readonly expiresAfterMs: number;
  readonly onExpiry: ExpiryDefaults;
}

/** What a run asks people, in keys. */
export interface ApprovalRequest {
  /** Unique within the run: `question-<n>`, `gate-<round>`, `round-<round>`, `decision-1`. */
  readonly approval: string;
  readonly point: ApprovalPoint;
  /** What may be answered. */
  readonly answers: readonly ApprovalAnswer[];
  /** What holds when nobody answers in time. */
  readonly onExpiry: ApprovalAnswer;
  /** Time for an answer, milliseconds from the event that asked on. */
  readonly expiresAfterMs: number;
  /** What the panel decided; at the point `decision` only. */
  readonly candidate?: Verdict;
}

/** What somebody answered, in keys and ids. */
export interface ApprovalReply {
  readonly approval: string;
  readonly by: string;
  readonly answer: ApprovalAnswer;
  /** Key of the answer that decides, for `edit`; `null` otherwise. */
  readonly choice: string | null;
  /** Whether it also holds after later rounds of this run; of no effect at any other point, which a run comes to once. */
  readonly remember: boolean;
  /** Under which ids the words of a reply or an edit, and a comment, were stored before. */
  readonly textId?: string;
  readonly commentId?: string;
}

/** An approval as a run knows it. */
export interface Approval extends Omit<ApprovalRequest, 'approval'> {
  readonly state: ApprovalStanding;
  /** The answer that holds; `null` while it is pending, and for ever once it is withdrawn. */
  readonly answer: ApprovalAnswer | null;
  /** Who answered; `null` where nobody did. */
  readonly by: string | null;
  readonly choice: string | null;
  readonly remember: boolean;
}

/** How people had a hand in a verdict. */
export interface VerdictByPeople {
  readonly approval: string;
  readonly answer: ApprovalAnswer;
  /** `null`: nobody answered in time, and the plan's default holds. */
  readonly by: string | null;
  /** What the panel decided without them. */
  readonly panel: Pick<Verdict, 'kind' | 'answer' | 'reason'>;
}
