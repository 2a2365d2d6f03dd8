/**
 * Measures how far votes are apart: Shannon's entropy of their shares over the greatest that it could have.
 *
 * 0 when all are for one answer, 1 when they are spread evenly over as many answers as there can be. C. Shannon calls the
 * ratio relative entropy ("A Mathematical Theory of Communication", 1948, section 7); entropy over groups of
 * equal answers tells when language models make things up (S. Farquhar et al., "Detecting hallucinations in large
 * language models using semantic entropy", Nature 630, 2024).
 *
 * @param support - support of each answer, 0 or more, in any unit; their order changes nothing
 * @param kindsMax - most answers that there could have been; read as the number that there are where that is greater
 * @returns 0 to 1 with six decimals; `null` without any support
 */
export function normalisedEntropy(support: readonly number[], kindsMax: number): number | null {
  const held = support.filter((amount) => amount > 0).sort((one, other) => one - other);
  const total = sumOf(held);
  if (total === 0) return null;
  const kinds = Math.max(held.length, kindsMax);
  if (kinds === 1) return 0;
  const entropy = -sumOf(held.map((amount) => (amount / total) * Math.log(amount / total)));
  return sixDecimals(Math.min(1, Math.abs(entropy) / Math.log(kinds)));
}

/** Adds numbers up in their order. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Rounds to six decimals, below which machines may differ. */
export function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
