import type { Contradiction, Cutting, Part, PartQuestion } from '../analysis/analysis-terms.ts';
import type { AbstentionReason } from '../collaboration/fact.ts';
import type { Sha256 } from '../ledger/event.ts';
import type { Choice, Protocol } from '../protocols/protocol.ts';

/** An answer with the key that stands for it: `o1` for an option, `a3f…` for an open answer. */
export interface KeyedAnswer {
  readonly key: string;
  readonly text: string;
}

/** What a reply is read against. It is the same for every seat of a pass but for `self` and `previous`. */
export interface ReplyContext {
  readonly protocol: Protocol;
  /**
   * What may be chosen: the options of a closed question, the options nominated before a vote, or
   * the answers before a judge. Empty for an open question.
   */
  readonly options: readonly KeyedAnswer[];
  /** How equal open answers are found; `exact` keeps every difference but surrounding space. */
  readonly grouping: 'exact' | 'normalised' | 'model';
  /** Whether a revision also criticises (`combined`, the default) or a pass of its own did that before (`split`). */
  readonly depth?: 'combined' | 'split';
  /** Keys that a grouping merged: a move between merged answers is no flip. Absent where nothing was merged. */
  readonly merges?: Readonly<Record<string, string>>;
  /**
   * Every participant whose argument the prompt showed, by anonymous name, with the turn of its latest argument.
   * The asked seat's own may be among them; citing oneself is a fault either way.
   */
  readonly arguments: readonly { readonly name: string; readonly turn: string }[];
  /** Anonymous name of the seat that replies. */
  readonly self: string;
  /** What the seat held before this pass; `null` where it held nothing. */
  readonly previous: Choice | null;
  /** The distinct answers to be grouped (task `grouping`). */
  readonly answers?: readonly KeyedAnswer[];
  /** How the question may be cut (task `decomposition`). */
  readonly cutting?: Pick<Cutting, 'partsMax'>;
  /** The parts that answered, by name: only in the synthesis of an analysis. */
  readonly parts?: readonly string[];
  readonly sha256: Sha256;
}

/** A critique of a peer's position; `of` is the peer's anonymous name. */
export interface Critique {
  readonly of: string;
  readonly text: string;
}

/** A position, as its seat gave it (tasks `vote`, `proposal`, `revision`). */
export interface PositionReply {
  readonly kind: 'position';
  readonly choice: Choice;
  /** Every answer the choice names, in its order. */
  readonly answers: readonly KeyedAnswer[];
  /** The answers' words, one a line. */
  readonly answer: string;
  readonly rationale: string;
  readonly evidence: readonly string[];
  readonly critiques: readonly Critique[];
  /** 0 to 1; `null` where it was not given. */
  readonly confidence: number | null;
  /** Turn of the argument that caused a flip; `null` where there was no flip. */
  readonly citing: string | null;
  /** Keys of options it excludes (quorum with veto). */
  readonly vetoes: readonly string[];
}

/** Options that a seat proposes to vote on. `choice` approves them all. */
export interface NominationReply {
  readonly kind: 'nomination';
  readonly choice: Choice;
  readonly answers: readonly KeyedAnswer[];
  readonly answer: string;
  readonly rationale: string;
}

/** Critiques of the peers' positions. */
export interface CritiqueReply {
  readonly kind: 'critique';
  readonly critiques: readonly Critique[];
}

/** Which answers mean the same. */
export interface GroupingReply {
  readonly kind: 'grouping';
  /** Key to the key that stands for it, never to itself and never in two steps. */
  readonly merges: Readonly<Record<string, string>>;
  readonly rationale: string;
}

/** What the judge chose. */
export interface JudgementReply {
  readonly kind: 'judgement';
  readonly choice: Choice;
  readonly answers: readonly KeyedAnswer[];
  readonly answer: string;
  readonly rationale: string;
}

/** The answer as the chair wrote it up. */
export interface SynthesisReply {
  readonly kind: 'synthesis';
  readonly answer: string;
  readonly rationale: string;
  /** Only of an analysis: the answer's key, and where its parts contradict each other. */
  readonly ofParts?: {
    readonly key: string;
    readonly contradictions: readonly Contradiction[];
  };
}

/** How the chair cuts a question; the rules have accepted it. */
export interface DecompositionReply {
  readonly kind: 'decomposition';
  readonly parts: readonly Part[];
  /** The same parts in words. */
  readonly questions: readonly PartQuestion[];
  readonly rationale: string;
}

/** A reply that was what was asked. */
export type ParsedReply =
  | PositionReply
  | NominationReply
  | CritiqueReply
  | DecompositionReply
  | GroupingReply
  | JudgementReply
  | SynthesisReply;

/** Why a reply cannot be used; `declined` is the model's own word and is not repaired. */
export type ReplyFault = Exclude<AbstentionReason, 'provider-failed' | 'not-permitted' | 'silent'>;

/** What reading a reply comes to. */
export type ReadReply =
  | { readonly ok: true; readonly reply: ParsedReply }
  | {
      readonly ok: false;
      readonly fault: ReplyFault;
      /** Names the fault, for the one repair: 'confidence: got 305289716, expected a number from 0 to 1'. */
      readonly instruction: string;
      /** Whether asking again can help: `false` for `declined` only. */
      readonly isRepairable: boolean;
    };
