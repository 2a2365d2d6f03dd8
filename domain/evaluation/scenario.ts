/** How the confidence that a member states compares with its chance to be right. */
export const confidenceHabits = [
  'calibrated',
  'over-confident',
  'under-confident',
  'boastful',
] as const;

/** Name of a confidence habit. */
export type ConfidenceHabit = (typeof confidenceHabits)[number];

/**
 * What is wrong with a member.
 *
 * - `silent`: gives no usable reply in any pass, at no cost.
 * - `random`: answers by lot, anew in every pass, with a confidence by lot.
 * - `lying`: names one wrong answer, the same as every other liar, is sure of it, never moves, vetoes the truth where it may.
 * - `flip-flopping`: holds its first answer in odd rounds and its second in even ones.
 */
export const memberFaults = ['silent', 'random', 'lying', 'flip-flopping'] as const;

/** Name of a fault. */
export type MemberFault = (typeof memberFaults)[number];

/** One simulated agent of a panel. */
export interface Member {
  /** Members of the same model draw from one shared answer, see {@link Scenario.correlation}. */
  readonly model: string;
  /** How often its blind answer is right where nothing is wrong with it: above chance and below 1. */
  readonly accuracy: number;
  /** How often it was right in the trials of its record. */
  readonly record: number;
  readonly confidence: ConfidenceHabit;
  readonly fault: MemberFault | null;
}

/** How members react to the answers they are shown; chances from 0 to 1 per pass. */
export interface Reactions {
  /** Of following the plurality of the others where it holds the right answer, and where it holds a wrong one. */
  readonly conformity: { readonly whenRight: number; readonly whenWrong: number };
  /** Of being convinced by an answer that is shown without being the most held: by the right one, by a wrong one. */
  readonly persuasion: { readonly byRight: number; readonly byWrong: number };
}

/** Nobody is moved by anybody. */
export const unmoved: Reactions = {
  conformity: { whenRight: 0, whenWrong: 0 },
  persuasion: { byRight: 0, byWrong: 0 },
};

/** A kind of panel with a kind of question; every number that its questions are drawn from. */
export interface Scenario {
  readonly name: string;
  /** One sentence for a person. */
  readonly about: string;
  readonly members: readonly Member[];
  /** Options of every question, at least 2. */
  readonly options: number;
  /** Correlation between two same-model members' being right, 0 to 1. */
  readonly correlation: number;
  /** Share of the wrong answers that go to one popular wrong option, on top of its even share; 0 to 1. */
  readonly attraction: number;
  /** How much a member that is wrong still knows: 0, the truth is placed by lot among the rest; 1, by its own chance. */
  readonly insight: number;
  /** How much alike the questions are for a member: concentration of its chance to be right, above 0. */
  readonly evenness: number;
  readonly reactions: Reactions;
  /** Resolved trials that the house knows of every model; 0 for a house without records. */
  readonly trials: number;
  /** Length of a reply, tokens. */
  readonly replyTokens: number;
  /** Gives every question a kind of panel of its own; the fields above are then those of none. */
  readonly drawn?: (seed: number, number: number) => Scenario;
}

/**
 * Gives the kind of panel that one question of a scenario has.
 *
 * @param scenario - whose question it is
 * @param seed - of the whole evaluation
 * @param number - of the question, from 0
 */
export function kindAt(scenario: Scenario, seed: number, number: number): Scenario {
  return scenario.drawn?.(seed, number) ?? scenario;
}

/** Most members that may be faulty where `n` sit at the table: n >= 3f + 1 (L. Lamport, R. Shostak, M. Pease, 1982). */
export function faultsTolerated(members: number): number {
  return Math.max(0, Math.floor((members - 1) / 3));
}
