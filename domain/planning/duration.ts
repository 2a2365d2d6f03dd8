const dayMs = 86_400_000;

/** Weeks, days, hours, minutes and seconds, in the order of the pattern's groups. */
const unitsMs = [7 * dayMs, dayMs, 3_600_000, 60_000, 1_000] as const;

/** Shortest and longest time that a run may be given, milliseconds. */
const deadlineRangeMs = { from: 1_000, to: 30 * dayMs } as const;

const pattern =
  /^P(?=[\dT])(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:[.,]\d{1,9})?)S)?)?$/;

/**
 * Reads an ISO 8601 duration of fixed length: weeks, days, hours, minutes and seconds.
 *
 * Years and months are refused, for they have no fixed length. Seconds may have decimals.
 *
 * @returns milliseconds, rounded to a whole one; `null` when the text is no such duration
 */
export function parseDuration(text: string): number | null {
  const parts = pattern.exec(text);
  if (parts === null) return null;
  return Math.round(
    unitsMs.reduce((sum, unit, index) => sum + unit * numberOf(parts[index + 1]), 0),
  );
}

function numberOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.replace(',', '.'));
}

/**
 * Reads the time that a run is given.
 *
 * @returns milliseconds, or `null` when the text is no duration or outside one second to thirty days
 */
export function parseDeadline(text: string): number | null {
  const ms = parseDuration(text);
  return ms !== null && ms >= deadlineRangeMs.from && ms <= deadlineRangeMs.to ? ms : null;
}
