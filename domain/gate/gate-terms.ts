/** What the gate says after the blind vote: enough, a debate can pay, or a person should look. */
export const gateOutcomes = ['done', 'debate', 'ask'] as const;
export type GateOutcome = (typeof gateOutcomes)[number];

/** What a run does after the gate. */
export const gateWays = ['done', 'debate'] as const;
export type GateWay = (typeof gateWays)[number];

/**
 * What speaks against ending with the blind vote: the protocol gives no decision, a seat joined that was not heard, the
 * votes are spread, the leading answer is not far enough ahead, its side is not sure enough, or did not say how sure it is.
 */
export const gateReasons = [
  'undecided',
  'unheard-seat',
  'disagreement',
  'margin',
  'confidence',
  'confidence-unknown',
] as const;
export type GateReason = (typeof gateReasons)[number];

/** When a debate is worth its money; a plan's own, so that a replay decides alike. All but `askedWay` are 0 to 1. */
export interface Gate {
  /** Most disagreement with which the blind vote is enough, see `normalisedEntropy`. */
  readonly disagreementMax: number;
  /** Least margin of the leading answer, as a share of the weight of all seats. */
  readonly marginMin: number;
  /** Least mean confidence of the leading side. */
  readonly confidenceMin: number;
  /** Where the votes agree, a confidence below this is a question for a person; at most `confidenceMin`. */
  readonly confidenceAsk: number;
  /** Least share of the leading side that said how sure it is; below it its confidence is unknown. */
  readonly statedMin: number;
  /** What `ask` does in a run that cannot ask people. */
  readonly askedWay: GateWay;
}

/** What the gate saw. Numbers have six decimals at most, so that they are the same wherever they are computed. */
export interface GateReading {
  /** Key of the answer that the protocol decides for, else of the one with the most support; `null` where none leads. */
  readonly leading: string | null;
  /** Whether the protocol decides by the blind vote. */
  readonly isDecided: boolean;
  /** 0 for one answer, 1 for as many as there can be; `null` where nobody voted. */
  readonly disagreement: number | null;
  /** Support of the leading answer less that of the next, as a share of the weight of all seats. */
  readonly margin: number;
  /** Mean confidence of the leading side, by weight, of those that stated one; read by the plan's calibration. `null` where unknown. */
  readonly confidence: number | null;
  /** Share of the leading side, by weight, that stated a confidence. */
  readonly stated: number;
  /** Seats that voted for something. */
  readonly voted: number;
  readonly seats: number;
  /** Seats that joined after the blind vote had begun. */
  readonly joined: number;
}

/** What the gate decided, and why. */
export interface GateDecision {
  /** The round after which it decided. */
  readonly round: number;
  readonly outcome: GateOutcome;
  /** What the run does: the outcome, or what the plan puts in the place of `ask`. */
  readonly way: GateWay;
  /** In the order of `gateReasons`; empty for `done`. */
  readonly reasons: readonly GateReason[];
  readonly reading: GateReading;
}
