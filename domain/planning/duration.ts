const dayMs = 86_400_000;

/** Shortest and longest time that a run may be given, milliseconds. */
export const deadlineRangeMs = { from: 1_000, to: 30 * dayMs } as const;

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
  const [weeks, days, hours, minutes, seconds] = parts.slice(1).map(numberOf);
  const inDays = (weeks ?? 0) * 7 + (days ?? 0);
  const inMinutes = (hours ?? 0) * 60 + (minutes ?? 0);
  return Math.round(inDays * dayMs + inMinutes * 60_000 + (seconds ?? 0) * 1_000);
}

function numberOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.replace(',', '.'));
}

/**
 * Reads the time that a run is given.
 *
 * @returns milliseconds, or `null` when the text is no duration or outside {@link deadlineRangeMs}
 */
export function parseDeadline(text: string): number | null {
  const ms = parseDuration(text);
  return ms !== null && ms >= deadlineRangeMs.from && ms <= deadlineRangeMs.to ? ms : null;
}
