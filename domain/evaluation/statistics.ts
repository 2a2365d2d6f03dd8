import type { Random } from './random.ts';

/** A figure with its 95 % confidence interval. */
export interface Measured {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantile of a two-sided 95 % interval. */
const z = 1.959963984540054;

/**
 * Gives a proportion with its score interval: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
 * Inference", Journal of the American Statistical Association 22 (1927).
 *
 * @param successes - 0 to `total`
 * @param total - at least 1
 */
export function proportion(successes: number, total: number): Measured {
  const value = successes / total;
  const centre = value + (z * z) / (2 * total);
  const spread = z * Math.sqrt((value * (1 - value)) / total + (z * z) / (4 * total * total));
  const scale = 1 + (z * z) / total;
  return {
    value,
    low: Math.max(0, (centre - spread) / scale),
    high: Math.min(1, (centre + spread) / scale),
  };
}

/**
 * Gives a mean with its normal-approximation interval. For paired samples pass their differences.
 *
 * @param samples - at least 2 for an interval of any use; without any all is 0
 */
export function mean(samples: readonly number[]): Measured {
  const count = Math.max(1, samples.length);
  const value = samples.reduce((sum, sample) => sum + sample, 0) / count;
  const squares = samples.reduce((sum, sample) => sum + (sample - value) ** 2, 0);
  const error = z * Math.sqrt(squares / Math.max(1, count - 1) / count);
  return { value, low: value - error, high: value + error };
}

/** A stated confidence, and whether it was right. */
export interface Forecast {
  readonly confidence: number;
  readonly isRight: boolean;
}

/** How well stated confidence fits what happened. */
export interface Calibration {
  /** Mean squared distance of confidence from outcome, 0 best: G. W. Brier, Monthly Weather Review 78 (1950). */
  readonly brier: Measured;
  /**
   * Mean distance between confidence and share of right ones over ten equal bins, weighted by their forecasts: M. P.
   * Naeini, G. F. Cooper, M. Hauskrecht, AAAI (2015). Small samples push it up.
   */
  readonly expectedError: Measured;
}

const bins = 10;
/** Samples of the bootstrap. */
const resamples = 200;

/**
 * Measures calibration. The interval of the Brier score is the normal approximation, that of the expected error the
 * percentile bootstrap (B. Efron, 1979) with 200 samples.
 *
 * @param forecasts - stated confidences with what came
 * @param random - draws the bootstrap's samples
 * @returns `null` without forecasts
 */
export function calibration(forecasts: readonly Forecast[], random: Random): Calibration | null {
  if (forecasts.length === 0) return null;
  const brier = mean(
    forecasts.map(({ confidence, isRight }) => (confidence - Number(isRight)) ** 2),
  );
  const gaps = forecasts.map(({ confidence, isRight }) => ({
    bin: Math.min(bins - 1, Math.floor(confidence * bins)),
    gap: confidence - Number(isRight),
  }));
  const drawOne = (): readonly Gap[] => {
    const place = Math.floor(random() * gaps.length);
    return gaps.slice(place, place + 1);
  };
  const drawn = Array.from({ length: resamples }, () => expectedError(gaps.flatMap(drawOne))).sort(
    (one, other) => one - other,
  );
  return {
    brier,
    expectedError: {
      value: expectedError(gaps),
      low: Number(drawn[Math.floor(resamples * 0.025)]),
      high: Number(drawn[Math.ceil(resamples * 0.975) - 1]),
    },
  };
}

interface Gap {
  readonly bin: number;
  readonly gap: number;
}

/** Sums the gaps by bin: the mean gap of a bin times its share is its sum by all. */
function expectedError(gaps: readonly Gap[]): number {
  const sums = new Map<number, number>();
  for (const { bin, gap } of gaps) sums.set(bin, (sums.get(bin) ?? 0) + gap);
  return [...sums.values()].reduce((sum, gap) => sum + Math.abs(gap), 0) / gaps.length;
}
