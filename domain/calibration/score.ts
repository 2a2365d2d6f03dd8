import { byConfidence, type ConfidenceCount, type TrialCount } from './track-record.ts';

/** Trials whose confidence lies in one range. */
export interface ReliabilityBin {
  /** Range of the confidence: from this, included, … */
  readonly from: number;
  /** … to this, left out but in the last bin. */
  readonly to: number;
  readonly trials: number;
  /** Mean stated confidence, 0 to 1; `null` for an empty bin. */
  readonly meanConfidence: number | null;
  /** Share of right answers, 0 to 1; `null` for an empty bin. */
  readonly accuracy: number | null;
  /** Range in which the true share lies with 95 % confidence; `null` for an empty bin. */
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** How good stated confidences were. Lower is better but for `resolution` and `accuracy`. */
export interface Score {
  /** Trials that had a confidence. */
  readonly trials: number;
  /** Share of right answers among them, 0 to 1. */
  readonly accuracy: number;
  readonly meanConfidence: number;
  /** Mean squared distance of the confidence from 1 where right and 0 where wrong: 0 is perfect, 0.25 is a coin. */
  readonly brier: number;
  /** How far confidences lie from the share that was right at each; 0 is calibrated. */
  readonly reliability: number;
  /** How far those shares lie from the mean; 0 tells nothing apart. */
  readonly resolution: number;
  /** Spread of the truth itself: `brier = reliability - resolution + uncertainty`. */
  readonly uncertainty: number;
  /** Expected calibration error: mean distance of confidence and accuracy over the bins, 0 to 1. */
  readonly expectedCalibrationError: number;
  /** {@link binsMax} bins of equal width, the lowest first. */
  readonly bins: readonly ReliabilityBin[];
}

/** Number of reliability bins. */
export const binsMax = 10;

/** Two-sided 95 % of a normal distribution, standard deviations. */
const deviations95 = 1.959964;

/**
 * Scores the confidences that a model stated before it saw its peers.
 *
 * - Brier score: G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78
 *   (1950).
 * - Its parts, over every confidence that was stated, so that they add up exactly: A. H. Murphy, "A new vector partition
 *   of the probability score", Journal of Applied Meteorology 12 (1973). With few trials for each confidence, reliability
 *   and resolution are both too high.
 * - Expected calibration error over ten bins: M. P. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated
 *   probabilities using Bayesian binning", AAAI 2015.
 *
 * @param counts - trials; those without a confidence are left out
 * @returns `null` where no trial has a confidence
 */
export function scoreOf(counts: readonly TrialCount[]): Score | null {
  const stated = byConfidence(counts);
  const trials = sumOver(stated, trialsIn);
  if (trials === 0) return null;
  const mean = (of: (count: ConfidenceCount) => number): number => sumOver(stated, of) / trials;
  const accuracy = mean(({ right }) => right);
  const bins = Array.from({ length: binsMax }, (_, index) => binOf(stated, index));
  return {
    trials,
    accuracy,
    meanConfidence: mean((count) => count.confidence * trialsIn(count)),
    brier: mean(
      ({ confidence, right, wrong }) => right * (1 - confidence) ** 2 + wrong * confidence ** 2,
    ),
    reliability: mean((count) => trialsIn(count) * (count.confidence - rateOf(count)) ** 2),
    resolution: mean((count) => trialsIn(count) * (rateOf(count) - accuracy) ** 2),
    uncertainty: accuracy * (1 - accuracy),
    expectedCalibrationError: bins.reduce((sum, bin) => sum + gapOf(bin), 0) / trials,
    bins,
  };
}

function trialsIn({ right, wrong }: ConfidenceCount): number {
  return right + wrong;
}

/** Share of right answers; 0 of no trials, where it counts for nothing. */
function rateOf(count: ConfidenceCount): number {
  return count.right / Math.max(1, trialsIn(count));
}

function sumOver(
  counts: readonly ConfidenceCount[],
  of: (count: ConfidenceCount) => number,
): number {
  return counts.reduce((sum, count) => sum + of(count), 0);
}

function binOf(stated: readonly ConfidenceCount[], index: number): ReliabilityBin {
  const inside = stated.filter(
    ({ confidence }) => Math.min(binsMax - 1, Math.floor(confidence * binsMax)) === index,
  );
  const trials = sumOver(inside, trialsIn);
  const range = { from: index / binsMax, to: (index + 1) / binsMax, trials };
  if (trials === 0) return { ...range, meanConfidence: null, accuracy: null, interval: null };
  const accuracy = sumOver(inside, ({ right }) => right) / trials;
  return {
    ...range,
    meanConfidence: sumOver(inside, (count) => count.confidence * trialsIn(count)) / trials,
    accuracy,
    interval: wilsonInterval(accuracy, trials),
  };
}

function gapOf({ trials, meanConfidence, accuracy }: ReliabilityBin): number {
  return meanConfidence === null || accuracy === null
    ? 0
    : trials * Math.abs(meanConfidence - accuracy);
}

/**
 * Gives the range in which a true share lies with 95 % confidence. It never leaves 0 to 1 and is fit for few trials.
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
 * Statistical Association 22 (1927).
 *
 * @param observed - share that was seen, 0 to 1
 * @param trials - of how many, at least 1
 */
export function wilsonInterval(observed: number, trials: number): { low: number; high: number } {
  const spread = deviations95 ** 2 / trials;
  const middle = (observed + spread / 2) / (1 + spread);
  const half =
    (deviations95 / (1 + spread)) *
    Math.sqrt((observed * (1 - observed)) / trials + spread / (4 * trials));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
