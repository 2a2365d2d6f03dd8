/** How often a delivery is tried, and when. */
export interface RetryPlan {
  /** Most tries, the first one included. */
  readonly triesMax: number;
  /** Wait after the first try, milliseconds; each later one is three times as long. */
  readonly firstWaitMs: number;
}

const growth = 3;
/** Share by which a wait is longer or shorter by chance, so that what failed together does not come back together. */
const jitter = 0.2;
const dayMs = 86_400_000;

/**
 * Says how long to wait after a try that failed: exponential backoff with jitter (AWS Architecture Blog, "Exponential
 * Backoff And Jitter", 2015), never longer than a day.
 *
 * @param plan - how often, and when
 * @param tries - how many there were, from 1
 * @param chance - 0 to 1
 * @returns milliseconds
 */
export function waitAfter(plan: RetryPlan, tries: number, chance: number): number {
  const waitMs = plan.firstWaitMs * growth ** (tries - 1) * (1 - jitter + 2 * jitter * chance);
  return Math.round(Math.min(waitMs, dayMs));
}

/**
 * Reads what a receiver asks for by `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @param header - as it came
 * @param nowMs - milliseconds since 1970
 * @returns milliseconds, 0 to a day; undefined where it says nothing that can be read
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : dateMs(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), dayMs);
}

/** Only the form that is to be sent, for `Date.parse` takes nearly anything. */
function dateMs(text: string): number {
  return /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}
