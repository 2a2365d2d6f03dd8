/** One measured number: what, how much, of what, and how much it may be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Absent where nothing was promised. */
  readonly target?: { readonly kind: 'most' | 'least'; readonly value: number };
}

/** What one measurement found. */
export interface Finding {
  readonly measurement: string;
  readonly figures: readonly Figure[];
  /** What a reader has to know to judge the figures. */
  readonly notes: readonly string[];
}

/**
 * Gives the value below which a share of the samples lies: the nearest rank, so always one of them.
 *
 * @param share - 0 to 1
 */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Gives the middle of the samples. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Tells whether a figure is as promised; `undefined` where nothing was. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return target.kind === 'most' ? value <= target.value : value >= target.value;
}

/** Makes a figure; the value is rounded to three significant places, at least to whole numbers. */
export function figure(
  name: string,
  value: number,
  unit: string,
  target?: Figure['target'],
): Figure {
  return { name, value: rounded(value), unit, ...(target === undefined ? {} : { target }) };
}

function rounded(value: number): number {
  if (!Number.isFinite(value)) return value;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
