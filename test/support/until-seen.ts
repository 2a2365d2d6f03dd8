import { setTimeout as pass } from 'node:timers/promises';

/** How patiently something is looked at that announces nothing. */
export interface Patience {
  /** Longest wait; usually far more than anything takes. */
  readonly withinMs?: number;
  /** Between two looks; shorter than usual where the next step must hit a moment. */
  readonly everyMs?: number;
}

/**
 * Looks again and again until what is seen is what was waited for, and gives it.
 *
 * @param look - gives what is there now
 * @param holds - says whether that is it
 * @throws Error showing what was seen last, once the time is over
 */
export async function untilSeen<T>(
  look: () => Promise<T>,
  holds: (seen: T) => boolean,
  { withinMs = 60_000, everyMs = 20 }: Patience = {},
): Promise<T> {
  const late = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > late) {
      throw new Error(`looked for ${String(withinMs)} ms, last saw ${JSON.stringify(seen)}`);
    }
    await pass(everyMs);
  }
}
