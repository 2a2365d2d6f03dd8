import type { QuestionKind } from './question-kind.ts';
import { byConfidence, type ConfidenceCount, type TrialCount } from './track-record.ts';

/**
 * How a stated confidence becomes a probability: `logit(p) = slope * logit(confidence) + intercept`.
 *
 * A slope of 1 and an intercept of 0 take the model at its word; a slope below 1 says it is overconfident.
 */
export interface ConfidenceMap {
  /** 0 or more: more confidence never means less probability. */
  readonly slope: number;
  readonly intercept: number;
}

/**
 * The map of a model without a record: half of the log-odds that it states, so that 0.9 counts as 0.75.
 *
 * Models state confidences that are too high nearly everywhere. Source: M. Xiong et al., "Can LLMs Express Their
 * Uncertainty?", ICLR 2024.
 */
export const unprovenMap: ConfidenceMap = { slope: 0.5, intercept: 0 };

/**
 * How far a map may lie from the one that is expected before there is evidence: standard deviations of slope and
 * intercept. Weakly informative, after A. Gelman et al., "A weakly informative default prior distribution for logistic
 * and other regression models", Annals of Applied Statistics 2 (2008).
 */
export const mapSpread: ConfidenceMap = { slope: 0.5, intercept: 1 };

/** Confidences beyond these are read as these: nobody is certain, and certainty has no finite log-odds. */
export const confidenceRange = { least: 0.01, most: 0.99 } as const;

/** The fit gains a digit every few passes; this many reach the last one. */
const passes = 200;

const decimals = 1e6;

/**
 * Fits the map of a model for one kind of question.
 *
 * The method is Platt scaling in log-odds (the two-parameter form of beta calibration, slope and intercept), fitted to the
 * largest posterior under normal priors: the record of all other kinds is the expectation for this kind, and
 * {@link unprovenMap} is the expectation for those. A thin record therefore moves the map little; without any
 * record the answer is {@link unprovenMap}. The fit is by expectation and maximisation with Pólya-Gamma weights, which
 * cannot overshoot.
 *
 * Sources: J. Platt, "Probabilistic outputs for support vector machines" (1999); M. Kull, T. Silva Filho, P. Flach, "Beta
 * calibration", AISTATS 2017; N. Polson, J. Scott, J. Windle, "Bayesian inference for logistic models using Pólya-Gamma
 * latent variables", Journal of the American Statistical Association 108 (2013).
 *
 * @param counts - every trial of the model; their order changes nothing
 * @param kind - kind of the question that is to be asked
 * @returns slope and intercept to six decimals
 */
export function fitMap(counts: readonly TrialCount[], kind: QuestionKind): ConfidenceMap {
  const others = counts.filter((count) => count.kind !== kind);
  const own = counts.filter((count) => count.kind === kind);
  const expected = fitted(byConfidence(others), unprovenMap);
  const { slope, intercept } = fitted(byConfidence(own), expected);
  return { slope: rounded(slope), intercept: rounded(intercept) };
}

/**
 * Maps a stated confidence to a probability.
 *
 * @param map - of the seat that stated it
 * @param confidence - 0 to 1; read as {@link confidenceRange} beyond it
 * @returns above 0 and below 1
 */
export function calibrated(map: ConfidenceMap, confidence: number): number {
  return share(map.slope * logOddsOf(confidence) + map.intercept);
}

/**
 * Gives the log-odds of a probability, kept within {@link confidenceRange}.
 *
 * @param probability - 0 to 1
 */
export function logOddsOf(probability: number): number {
  const { least, most } = confidenceRange;
  const kept = Math.min(Math.max(probability, least), most);
  return Math.log(kept / (1 - kept));
}

function share(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

function rounded(value: number): number {
  return Math.round(value * decimals) / decimals;
}

interface Point {
  /** Stated log-odds. */
  readonly x: number;
  readonly trials: number;
  /** Half of the right answers minus half of the wrong ones. */
  readonly excess: number;
}

function fitted(counts: readonly ConfidenceCount[], expected: ConfidenceMap): ConfidenceMap {
  const points = counts.map(({ confidence, right, wrong }) => ({
    x: logOddsOf(confidence),
    trials: right + wrong,
    excess: (right - wrong) / 2,
  }));
  const free = climbed(points, expected);
  if (free.slope >= 0) return free;
  // Being wrong more often when it is surer: then its confidence says nothing, and only its hits count.
  const flat = points.map((point) => ({ ...point, x: 0 }));
  return { slope: 0, intercept: climbed(flat, expected).intercept };
}

/** Each pass solves a least-squares problem of two unknowns whose solution is never less likely than the one before. */
function climbed(points: readonly Point[], expected: ConfidenceMap): ConfidenceMap {
  const slopePrecision = 1 / mapSpread.slope ** 2;
  const interceptPrecision = 1 / mapSpread.intercept ** 2;
  let map = expected;
  for (let pass = 0; pass < passes; pass += 1) {
    let [xx, x1, one] = [slopePrecision, 0, interceptPrecision];
    let [towardsX, towards1] = [
      slopePrecision * expected.slope,
      interceptPrecision * expected.intercept,
    ];
    for (const { x, trials, excess } of points) {
      const weight = trials * polyaGammaMean(map.slope * x + map.intercept);
      xx += weight * x * x;
      x1 += weight * x;
      one += weight;
      towardsX += excess * x;
      towards1 += excess;
    }
    const determinant = xx * one - x1 * x1;
    map = {
      slope: (towardsX * one - towards1 * x1) / determinant,
      intercept: (xx * towards1 - x1 * towardsX) / determinant,
    };
  }
  return map;
}

function polyaGammaMean(logOdds: number): number {
  return logOdds === 0 ? 1 / 4 : Math.tanh(logOdds / 2) / (2 * logOdds);
}
