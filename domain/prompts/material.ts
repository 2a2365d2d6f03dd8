import type { Directives, Phase, TurnTask } from '../collaboration/fact.ts';
import type { Protocol } from '../protocols/protocol.ts';
import type { PromptPart } from '../providers/model-connector.ts';
import type { KeyedAnswer } from '../replies/reply.ts';

/** Something to read beside the question. */
export type PromptSource =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'image';
      readonly name: string;
      readonly mediaType: string;
      readonly base64: string;
    };

/** What one seat said in an earlier pass, without confidence, agent or model: peers never see those. */
export interface PassEntry {
  readonly seat: string;
  /** The answer's words, or `null` for an abstention or a pass of critiques only. */
  readonly answer: string | null;
  readonly rationale: string;
  readonly evidence: readonly string[];
  readonly critiques: readonly { readonly of: string; readonly text: string }[];
}

/** One finished pass that the seat may see. A blind pass is left out by the caller. */
export interface Pass {
  readonly round: number;
  readonly phase: Phase;
  readonly entries: readonly PassEntry[];
}

/** A message that a person added; it is shown after that many passes. */
export interface PromptMessage {
  readonly afterPasses: number;
  readonly text: string;
}

/** One part of an analysis as its chair reads it. */
export interface PartMaterial {
  readonly part: string;
  readonly question: string;
  /** How it came out, in a few words. */
  readonly outcome: string;
  /** `null` where it has none. */
  readonly answer: string | null;
  readonly explanation: string;
}

/** Everything that a prompt is built from. What is not under `own` must be equal for all seats of a pass, or caches miss. */
export interface PromptMaterial {
  readonly round: number;
  /** Rounds of the plan. */
  readonly rounds: number;
  readonly question: string;
  /** What may be chosen; empty for an open question. */
  readonly options: readonly KeyedAnswer[];
  readonly protocol: Protocol;
  readonly sources: readonly PromptSource[];
  /** Most tokens that sources may take, by {@link estimateTokens}. */
  readonly materialTokensMax: number;
  /** Finished passes, oldest first. */
  readonly passes: readonly Pass[];
  readonly messages: readonly PromptMessage[];
  readonly directives: Directives;
  /** Seed of the plan. */
  readonly seed: string;
  /** Seats of the plan, then those that joined later, in the order in which they joined. */
  readonly seats: readonly string[];
  /** How many of `seats` joined later; their names come after the shuffled ones, so that nobody is renamed. */
  readonly joinedLater: number;
  /** Answers to be grouped or judged, for those tasks. */
  readonly answers: readonly KeyedAnswer[];
  /** Only for the chair of an analysis. */
  readonly analysis?: {
    /** None before the question is cut. */
    readonly parts: readonly PartMaterial[];
    /** Longest answer of a part that is shown, by {@link estimateTokens}; what is longer is cut. */
    readonly answerTokensMax: number;
  };
  /** What belongs to the asked seat alone. */
  readonly own: {
    readonly seat: string;
    /** Instructions of its personas, from `mergePersonas`. */
    readonly persona: string;
    /** The answer it held before this pass, in words; `null` where it held none. */
    readonly previousAnswer: string | null;
    /** Whether its agent takes images. */
    readonly vision: boolean;
    readonly budgetLeft: { readonly tokens: number | null; readonly microsUsd: number | null };
  };
}

/** A prompt, ready to be sent. */
export interface Prompt {
  readonly task: TurnTask;
  readonly system: string;
  readonly parts: readonly PromptPart[];
  /** What was left out, one line each; empty when all fitted. */
  readonly leftOut: readonly string[];
}
