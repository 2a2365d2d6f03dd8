import { logOddsOf } from './confidence-map.ts';
import type { QuestionKind } from './question-kind.ts';
import { hitsOf, type TrialCount } from './track-record.ts';

/** Accuracy that a model without a record is taken to have: a little better than a coin. */
export const unprovenAccuracy = 0.6;

/** How many trials that expectation is worth: after as many, record and expectation count the same. */
export const expectedTrials = 10;

/**
 * No seat counts for less than one that is right in 52.5 % of cases between two options: a vote is never turned against
 * what it says.
 */
const leastAccuracy = 0.525;

/**
 * Correlation that the errors of seats of one model are taken to have. Even different models agree in most of the cases
 * in which both are wrong; here it is one and the same. Source: E. Kim, A. Garg, K. Peng, N. Garg, "Correlated errors in large language
 * models", ICML 2025.
 */
export const sameModelCorrelation = 0.5;

/** Largest share of all weight that one seat may have in a panel of three or more: two others always outweigh it. */
export const shareMax = 0.4;

/** Most times the mean weight that one seat may have. */
export const timesMeanMax = 2;

/** What is assumed where nothing was measured. */
export interface WeightPriors {
  /** See {@link sameModelCorrelation}. */
  readonly correlation: number;
  /** See {@link shareMax}. */
  readonly shareMax: number;
  /** See {@link timesMeanMax}. */
  readonly timesMeanMax: number;
}

/** The assumptions of every plan. */
export const weightPriors: WeightPriors = {
  correlation: sameModelCorrelation,
  shareMax,
  timesMeanMax,
};

const decimals = 1e6;

/**
 * Tells how often a model is right about one kind of question, as far as its record says.
 *
 * The share of right answers, shrunk: the record of the other kinds is the expectation for this one, and
 * {@link unprovenAccuracy} the expectation for those, each worth {@link expectedTrials} trials. This is the mean of a
 * Beta posterior. Source: A. Gelman et al., "Bayesian Data Analysis" (2013), chapter 5.
 *
 * @returns above 0 and below 1
 */
export function accuracyOf(counts: readonly TrialCount[], kind: QuestionKind): number {
  const others = counts.filter((count) => count.kind !== kind);
  const own = counts.filter((count) => count.kind === kind);
  return shrunk(own, shrunk(others, unprovenAccuracy));
}

function shrunk(counts: readonly TrialCount[], expected: number): number {
  const { right, wrong } = hitsOf(counts);
  return (right + expectedTrials * expected) / (right + wrong + expectedTrials);
}

/** Fewest options that a vote can be between; an open question is counted as one of them. */
const fewestOptions = 2;

/** What weights by record depend on beside the seats. */
export interface WeighingTerms {
  /** How many seats may lie; 0 unless given. */
  readonly toleratedFaults?: number | undefined;
  /** How many options there are, at least 2; 2 unless given. */
  readonly options?: number | undefined;
  /** {@link weightPriors} unless given. */
  readonly priors?: WeightPriors | undefined;
}

/** What the weight of a seat depends on. Agent and persona are not among it. */
export interface WeighableSeat {
  /** Name of its model; seats with the same one err together. */
  readonly modelKey: string;
  /** How often the model is right, above 0 and below 1, see {@link accuracyOf}. */
  readonly accuracy: number;
}

/**
 * Gives the largest share of all weight that one seat may have.
 *
 * The least of {@link shareMax}, {@link timesMeanMax} times the mean and, where `toleratedFaults` seats may lie,
 * `1 / (3 * toleratedFaults + 1)`, so that they hold less than a third together; and never less than the mean, which
 * somebody must have.
 *
 * @param seats - how many there are, at least 1
 * @param toleratedFaults - how many of them may lie, 0 or more
 */
export function shareCap(seats: number, toleratedFaults = 0, priors = weightPriors): number {
  const { shareMax: most, timesMeanMax: times } = priors;
  const cap = Math.min(most, times / seats, 1 / (3 * toleratedFaults + 1));
  return Math.max(cap, 1 / seats);
}

/**
 * Divides the effect of a seat among those that err with it: of `n` seats of one model each counts
 * `1 / (1 + (n - 1) * correlation)`.
 *
 * This is the design effect of cluster samples. Source: L. Kish, "Survey Sampling" (1965).
 */
export function sameModelDiscount(
  seatsOfModel: number,
  { correlation }: Pick<WeightPriors, 'correlation'> = weightPriors,
): number {
  return 1 / (1 + (seatsOfModel - 1) * correlation);
}

/**
 * Weighs seats by their record.
 *
 * The log-odds of being right, which is the best weight for independent voters between two options; with more, the odds
 * are those against the even share of one wrong option, whose votes are all that a right one has to beat. Seats of one
 * model are discounted by {@link sameModelDiscount}; then no seat is left with more than {@link shareCap} of all weight,
 * what is above being spread over the others in proportion.
 *
 * Sources: S. Nitzan, J. Paroush, "Optimal decision rules in uncertain dichotomous choice situations", International
 * Economic Review 23 (1982); L. Shapley, B. Grofman, "Optimizing group judgmental accuracy in the presence of
 * interdependencies", Public Choice 43 (1984).
 *
 * @param seats - at least one
 * @param terms - what else it depends on
 * @param terms.toleratedFaults - how many seats may lie
 * @param terms.options - how many there are to choose from
 * @param terms.priors - what is assumed
 * @returns the seats with their weights, to six decimals; the mean is 1
 */
export function weightsByRecord<Seat extends WeighableSeat>(
  seats: readonly Seat[],
  { toleratedFaults = 0, options = fewestOptions, priors = weightPriors }: WeighingTerms,
): readonly (Seat & { readonly weight: number })[] {
  const drawn = seats.map((seat) => {
    const alike = seats.filter((other) => other.modelKey === seat.modelKey).length;
    const strength = strengthOf(seat.accuracy, options) * sameModelDiscount(alike, priors);
    return { seat, strength, isHeld: false };
  });
  const shares = cappedShares(drawn, shareCap(seats.length, toleratedFaults, priors));
  return shares.map(({ seat, share }) => ({
    ...seat,
    weight: Math.round(share * seats.length * decimals) / decimals,
  }));
}

/** Log-odds against one wrong option, where the wrong ones are chosen alike: with two options the plain log-odds. */
function strengthOf(accuracy: number, options: number): number {
  return Math.max(logOddsOf(accuracy) + Math.log(options - 1), logOddsOf(leastAccuracy));
}

/** A seat that draws a share of the weight, or is held at the cap. */
interface Drawn<Seat> {
  readonly seat: Seat;
  readonly strength: number;
  readonly isHeld: boolean;
}

/** Noise of the last digits must not put a seat above the cap. */
const noise = 1e-12;

/** Holds the seats above the cap at it and spreads the rest; each call holds one more, so there are at most as many as seats. */
function cappedShares<Seat>(
  drawn: readonly Drawn<Seat>[],
  cap: number,
): readonly (Drawn<Seat> & { readonly share: number })[] {
  const free = drawn.filter(({ isHeld }) => !isHeld);
  const room = 1 - (drawn.length - free.length) * cap;
  const total = free.reduce((sum, { strength }) => sum + strength, 0);
  const shares = drawn.map((one) => ({
    ...one,
    share: one.isHeld ? cap : (one.strength / total) * room,
  }));
  if (shares.every(({ share }) => share <= cap + noise)) return shares;
  return cappedShares(
    shares.map((one) => ({ ...one, isHeld: one.share >= cap })),
    cap,
  );
}
