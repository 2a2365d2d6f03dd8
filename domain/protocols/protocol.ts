/** Every voting rule, by the name that a request and a record use for it. */
export const protocolKinds = [
  'plurality',
  'weighted',
  'approval',
  'ranked',
  'quorum',
  'supermajority',
  'unanimity',
  'judge',
] as const;

/** Name of a voting rule. */
export type ProtocolKind = (typeof protocolKinds)[number];

/** The option with the most votes wins; one seat, one vote. Equal tops are a tie. */
export interface PluralityProtocol {
  readonly kind: 'plurality';
}

/**
 * The option with the greatest sum of seat weights wins. Equal tops are a tie.
 *
 * The weights are those of the request (`by: 'given'`, the default), or are computed from the records of the seats' models
 * when the run is planned (`by: 'record'`).
 */
export interface WeightedProtocol {
  readonly kind: 'weighted';
  readonly by?: 'given' | 'record';
}

/**
 * Each seat approves any number of options; the option that the most (weighted) seats approve wins.
 *
 * Source: S. J. Brams, P. C. Fishburn, "Approval Voting", American Political Science Review 72 (1978).
 */
export interface ApprovalProtocol {
  readonly kind: 'approval';
}

/**
 * Each seat ranks options, best first; what it leaves out ranks below all it names. Weights count,
 * given or by record as under `weighted`.
 *
 * - `schulze`: strongest paths, measured in winning votes. Source: M. Schulze, "A new monotonic,
 *   clone-independent, reversal symmetric, and Condorcet-consistent single-winner election method",
 *   Social Choice and Welfare 36 (2011).
 * - `instant-runoff`: the weakest option falls until one has more than half of the ballots still
 *   in play. It is not monotone: more support can make a winner lose.
 */
export interface RankedProtocol {
  readonly kind: 'ranked';
  readonly method: 'schulze' | 'instant-runoff';
  readonly by?: 'given' | 'record';
}

/**
 * An option wins when at least `required` seats (heads, not weights) choose it; of several, the one
 * with the most.
 *
 * `required` is a whole number from 1 to the number of seats. With `veto` every ballot may also name
 * options it excludes; when only excluded options reach the number, the outcome is `veto`.
 */
export interface QuorumProtocol {
  readonly kind: 'quorum';
  readonly required: number;
  readonly veto?: boolean;
}

/**
 * An option wins with at least `share` (0.5 to 1) of the weight, and always more than half of it, so
 * that 0.5 is the simple majority.
 *
 * The weight is that of the ballots that choose an option (`of: 'cast'`, the default) or that of all
 * seats (`of: 'seats'`), where an abstention works like a vote against.
 */
export interface SupermajorityProtocol {
  readonly kind: 'supermajority';
  readonly share: number;
  readonly of?: 'cast' | 'seats';
}

/**
 * Every seat must choose the same option; one abstention or silence prevents it.
 *
 * Where abstaining shall not block, take a super-majority with `share: 1` of the votes cast.
 */
export interface UnanimityProtocol {
  readonly kind: 'unanimity';
}

/**
 * One seat decides; the votes of the others are counted as advice only.
 *
 * `judge` is what a request may name; the seat in `Electorate.judge` comes before it.
 */
export interface JudgeProtocol {
  readonly kind: 'judge';
  readonly judge?: string;
}

/** The rule that turns votes into an outcome. */
export type Protocol =
  | PluralityProtocol
  | WeightedProtocol
  | ApprovalProtocol
  | RankedProtocol
  | QuorumProtocol
  | SupermajorityProtocol
  | UnanimityProtocol
  | JudgeProtocol;

/**
 * What a seat says on its ballot.
 *
 * `approve` and `rank` name at least one option and none twice. `choiceKindOf` tells which one a
 * protocol counts; every protocol takes `abstain`, which counts for nobody.
 */
export type Choice =
  | { readonly kind: 'single'; readonly option: string }
  | { readonly kind: 'approve'; readonly options: readonly string[] }
  | { readonly kind: 'rank'; readonly options: readonly string[] }
  | { readonly kind: 'abstain'; readonly reason: string };

/**
 * The vote of one seat; a seat casts at most one per round.
 *
 * `vetoes` are the options it excludes, under a quorum with veto only, and never the one it chooses.
 */
export interface Ballot {
  readonly seat: string;
  readonly choice: Choice;
  readonly vetoes?: readonly string[];
}

/**
 * A right to vote.
 *
 * `weight` is positive and finite, 1 unless set, and read to 12 significant digits. It counts under
 * weighted, approval, ranked and supermajority; the other protocols count heads.
 */
export interface Seat {
  readonly seat: string;
  readonly weight: number;
}

/**
 * Who may vote, and on what.
 *
 * `options` are the known ones. Ballots may bring others unless `closed` is true: then there is at
 * least one option, and no ballot names another. `judge` is the seat that decides under `judge`.
 */
export interface Electorate {
  readonly options: readonly string[];
  readonly seats: readonly Seat[];
  readonly closed?: boolean;
  readonly judge?: string;
}

/**
 * Support of one option: seats, or the sum of their weights where weights count.
 *
 * Under `ranked` these are first preferences, which need not be the greatest for the winner.
 */
export interface Count {
  readonly option: string;
  readonly votes: number;
}

/** Why votes gave no decision; a tie names its options, the others are short of support. */
export const undecidedReasons = ['tie', 'no-quorum', 'veto'] as const;

/** Name of a reason why votes gave no decision. */
export type UndecidedReason = (typeof undecidedReasons)[number];

/** Votes that gave a winner. `counts` go from most to least, equal ones by code point of the option. */
export interface DecidedTally {
  readonly kind: 'decided';
  readonly option: string;
  readonly counts: readonly Count[];
  readonly method: string;
  readonly explanation: string;
}

/** Votes that gave none. `tied` is there for a tie only and lists its options by code point. */
export interface UndecidedTally {
  readonly kind: 'no-decision';
  readonly reason: UndecidedReason;
  readonly tied?: readonly string[];
  readonly counts: readonly Count[];
  readonly method: string;
  readonly explanation: string;
}

/** What the votes came to, the same for every order of ballots and every naming of seats. */
export type Tally = DecidedTally | UndecidedTally;
