/** Longest wait that a provider may ask for; a longer one is cut to it, so that no run hangs for a day. */
export const retryAfterMsMax = 3_600_000;

/**
 * Reads how long a provider asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as an
 * HTTP date (RFC 9110, section 10.2.3).
 *
 * @param headers - of the answer, names in lower case
 * @param now - milliseconds since the epoch
 * @returns milliseconds from 0 to {@link retryAfterMsMax}, or `null` where nothing readable was said
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  now: number,
): number | null {
  const exact = numberOf(headers['retry-after-ms']);
  if (exact !== null) return bounded(exact);
  const told = headers['retry-after'];
  const seconds = numberOf(told);
  if (seconds !== null) return bounded(seconds * 1000);
  // Date.parse alone takes almost anything, "-3" for instance.
  const date =
    told !== undefined && /^\s*[A-Z][a-z]{2},? /.test(told) ? Date.parse(told) : Number.NaN;
  return Number.isNaN(date) ? null : bounded(date - now);
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : null;
}

function bounded(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 0), retryAfterMsMax);
}
