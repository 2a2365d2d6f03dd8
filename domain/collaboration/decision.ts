import type { Contradiction, PartEnd } from '../analysis/analysis-terms.ts';
import type { QuestionKind } from '../calibration/question-kind.ts';
import type {
  ApprovalAnswer,
  ApprovalPoint,
  ApprovalStanding,
} from '../approvals/approval-terms.ts';
import type { GateOutcome, GateReading, GateReason, GateWay } from '../gate/gate-terms.ts';
import type { NoDecisionReason, StopReason } from './fact.ts';

/** Totals of a run. A field is `null` when any call left it unknown; `unknownCalls` says how many did. */
export interface Cost {
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
  /** Dollars with up to six decimals, from integer micro-dollars. */
  readonly usd: number | null;
  readonly calls: number;
  readonly unknownCalls: number;
  /** Only of a fork: replies that it took over; its origin paid them, and they are not among the calls. */
  readonly reused?: number;
}

/** How one seat voted in the end. */
export interface DecisionVote {
  readonly seat: string;
  readonly agent: string;
  readonly weight: number;
  /** The answer's words; a list for approval and ranked ballots; `null` for an abstention. */
  readonly choice: string | readonly string[] | null;
  readonly confidence: number | null;
  readonly abstained: string | null;
}

/** A position that lost, with its reason. */
export interface Dissent {
  readonly seat: string;
  readonly agent: string;
  readonly answer: string;
  readonly rationale: string;
}

/** A change of position between rounds. */
export interface Flip {
  readonly seat: string;
  readonly agent: string;
  readonly round: number;
  readonly from: string;
  readonly to: string;
  /** The turn whose argument was cited; `null` where the seat gave none. */
  readonly citing: string | null;
}

/** What the blind vote of a debate would have decided alone, under the same protocol. */
export interface ControlVote {
  readonly kind: 'decided' | 'no-decision';
  /** In words; of an open debate the most frequent wording, never a synthesis. */
  readonly answer: string | null;
  readonly reason: NoDecisionReason | null;
  readonly explanation: string;
}

/** What the gate saw after the blind vote, and what it decided; see `Gate` and `GateReading`. */
export interface GateReport extends GateReading {
  readonly outcome: GateOutcome;
  readonly way: GateWay;
  readonly reasons: readonly GateReason[];
}

/** What a debate was worth: the vote alone, and what followed it. */
export interface DebateReport {
  readonly control: ControlVote;
  /** `null` where no gate decided. */
  readonly gate: GateReport | null;
  /** Whether the answer at the end is another than the control's; a decision where there was none is one too. */
  readonly changed: boolean;
  /** What each round cost; the first is the blind vote. */
  readonly rounds: readonly ({ readonly round: number } & Cost)[];
  /** What the chair's work cost; it belongs to no round. */
  readonly chair: Cost;
  /** The debate beyond its vote: what all later rounds cost together, and how often a seat changed its position in them. */
  readonly marginal: Cost & { readonly flips: number };
}

/** One thing that people were asked, in words. */
export interface ApprovalReport {
  readonly approval: string;
  readonly point: ApprovalPoint;
  readonly question: string;
  readonly state: ApprovalStanding;
  /** The answer that holds; `null` where it was withdrawn. */
  readonly answer: ApprovalAnswer | null;
  /** Who answered; `null` where nobody did. */
  readonly by: string | null;
  /** The words of a reply or an edit. */
  readonly choice: string | null;
  readonly comment: string | null;
  /** The earlier approval whose answer was remembered here. */
  readonly remembered: string | null;
  /** RFC 3339, UTC. */
  readonly requestedAt: string | null;
  readonly settledAt: string | null;
}

/** What people had to do with a decision. */
export interface PeopleReport {
  /** Who had the last word, and what the panel decided without them; `null` where people were not asked about the decision. */
  readonly decision: {
    readonly answer: ApprovalAnswer;
    /** `null`: nobody answered in time, and the plan's default holds. */
    readonly by: string | null;
    readonly panel: {
      readonly kind: 'decided' | 'no-decision';
      /** In words. */
      readonly answer: string | null;
      readonly reason: NoDecisionReason | null;
    };
  } | null;
  /** In the order in which they were asked. */
  readonly approvals: readonly ApprovalReport[];
}

/** What one part of an analysis came to. */
export interface PartReport extends Pick<PartEnd, 'part' | 'ending' | 'reason' | 'record'> {
  readonly question: string;
  readonly kind: QuestionKind;
  /** How it was answered. */
  readonly pattern: 'consensus' | 'debate';
  /** Parts whose answers it was given. */
  readonly after: readonly string[];
  /** Id of the collaboration that worked on it; `null` where there is none. */
  readonly collaboration: string | null;
  /** In words; `null` where it has none. */
  readonly answer: string | null;
  readonly explanation: string;
  readonly cost: Cost;
}

/** What an analysis says beside its answer. */
export interface AnalysisReport {
  /** In the order in which they were proposed; none where the question was not cut. */
  readonly parts: readonly PartReport[];
  /** Parts whose answers cannot all be true, as the synthesis named them. */
  readonly contradictions: readonly Contradiction[];
  /** Whether a part gave no answer, so that the answer is not a whole one. */
  readonly partial: boolean;
}

/** The outcome of a collaboration, as the API shows it and the record seals it. */
export interface Decision extends Partial<AnalysisReport> {
  readonly kind: 'decided' | 'no-decision';
  /** The answer in words; for an open debate the synthesis. */
  readonly answer: string | null;
  readonly reason: NoDecisionReason | null;
  readonly explanation: string;
  readonly votes: readonly DecisionVote[];
  readonly flips: readonly Flip[];
  readonly dissent: readonly Dissent[];
  readonly rounds: number;
  readonly stoppedBy: StopReason;
  readonly cost: Cost;
  readonly simulated: boolean;
  /** Of debates only; absent in records that are older than gates. */
  readonly debate?: DebateReport;
  /** Only of runs that ask people. */
  readonly people?: PeopleReport;
}

/** The sealed, signed form of a decision. Canonical JSON (RFC 8785) of everything but `signature` is what is signed (Ed25519). */
export interface SealedRecord {
  readonly version: 1;
  readonly collaborationId: string;
  readonly tenantId: string;
  readonly pattern: string;
  readonly question: { readonly sha256: string; readonly bytes: number };
  readonly options: readonly string[];
  readonly materials: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly bytes: number;
  }[];
  readonly plan: unknown;
  readonly participants: readonly {
    readonly seat: string;
    readonly agent: string;
    readonly models: readonly string[];
    readonly personas: readonly string[];
    readonly weight: number;
    readonly simulated: boolean;
  }[];
  readonly positions: readonly {
    readonly turn: string;
    readonly seat: string;
    readonly round: number;
    readonly answer: string | readonly string[];
    readonly confidence: number | null;
    readonly sha256: string;
  }[];
  readonly decision: Decision;
  /** Last event before the seal. */
  readonly head: { readonly stream: string; readonly seq: number; readonly hash: string };
  readonly sealedAt: string;
  /** First 16 hexadecimal digits of the SHA-256 of the public key (SPKI, DER). */
  readonly keyId: string;
  /** SPKI in DER, base64: with it the record verifies offline. Who it belongs to is for the reader to know. */
  readonly publicKey: string;
  /** Ed25519 signature, base64. */
  readonly signature: string;
}
