const digitsKept = 12;

/** Says what is wrong with a weight, if anything; `where` names it in the message. */
export function weightFault(weight: number, where: string): string | undefined {
  if (Number.isFinite(weight) && weight > 0) return undefined;
  return `${where}: got ${weight}, expected a positive finite number`;
}

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

function decimalOf(weight: number): Decimal {
  const text = weight.toExponential(digitsKept - 1); // such as 1.23456789012e+3
  return {
    digits: BigInt(text.slice(0, 1) + text.slice(2, digitsKept + 1)),
    exponent: Number(text.slice(digitsKept + 2)) - (digitsKept - 1),
  };
}

/** Power of ten of which all the given weights are whole multiples. */
export function finestExponent(weights: readonly number[]): number {
  return Math.min(...weights.map((weight) => decimalOf(weight).exponent));
}

/**
 * Turns a weight into a whole number of units of `10 ** exponent`, as `finestExponent` gives it.
 *
 * A weight is read as the decimal it shows, to 12 significant digits, and sums of whole numbers are
 * exact: 0.1 + 0.2 ties with 0.3, and neither the order of adding nor the noise of binary fractions
 * makes or breaks a tie.
 */
export function unitsOf(weight: number, exponent: number): bigint {
  const decimal = decimalOf(weight);
  return decimal.digits * 10n ** BigInt(decimal.exponent - exponent);
}

/** Gives a sum of units back as the nearest number. */
export function weightOf(units: bigint, exponent: number): number {
  return Number(`${units}e${exponent}`);
}
