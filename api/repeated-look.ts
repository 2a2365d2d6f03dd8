import type { ApiDeps } from './ports.ts';

/** Something that looks again and again, beside the requests, whether anything is to be done, until it is stopped. */
export interface RepeatedLook {
  /** Looks once and does what is to be done; resolves when done. Never rejects. Two at a time are one. */
  runOnce(): Promise<void>;
  /** Ends it and waits for the look that is under way. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 2000;

/**
 * Looks now, and every two seconds from then on.
 *
 * @param look - what is done each time; its signal is aborted when it is to end early
 * @param onFault - hears why a look failed; the next one comes as it would
 */
export function lookRepeatedly(
  look: (signal: AbortSignal) => Promise<void>,
  onFault: (err: unknown) => void,
): RepeatedLook {
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  const runOnce = async (): Promise<void> => {
    running ??= look(ending.signal)
      .catch(onFault)
      .finally(() => (running = undefined));
    await running;
  };
  const timer = setInterval(() => void runOnce(), LOOK_EVERY_MS).unref();
  void runOnce();
  return {
    runOnce,
    stop: async () => {
      clearInterval(timer);
      ending.abort();
      await running;
    },
  };
}

/** What is gone through where Temporal may have forgotten something. */
export interface Sweep {
  /**
   * Goes through all of it.
   *
   * @param isAfterLoss - whether Temporal answers for the first time, again, or with another database
   * @param signal - aborted when it is to end early
   * @returns whether it came to the end
   */
  readonly sweep: (isAfterLoss: boolean, signal: AbortSignal) => Promise<boolean>;
  /** How long it rests after a sweep that came to its end, milliseconds. */
  readonly restMs: { readonly afterLoss: number; readonly usual: number };
}

/**
 * Makes a look for {@link lookRepeatedly} that sweeps as soon as Temporal answers for the first time, again, or with
 * another database, and then whenever it has rested.
 *
 * @param deps - Temporal and the clock
 * @param what - what to go through, and how long to rest
 */
export function sweepingLook(
  deps: Pick<ApiDeps, 'engine' | 'now'>,
  what: Sweep,
): (signal: AbortSignal) => Promise<void> {
  let swept: { readonly incarnation: string; readonly dueAt: number } | undefined;
  return async (signal) => {
    const incarnation = await deps.engine.incarnation();
    const startedAt = deps.now();
    const isAfterLoss = incarnation !== swept?.incarnation;
    if (!isAfterLoss && swept !== undefined && startedAt < swept.dueAt) return;
    swept = undefined;
    if (incarnation === undefined || !(await what.sweep(isAfterLoss, signal))) return;
    const restMs = isAfterLoss ? what.restMs.afterLoss : what.restMs.usual;
    swept = { incarnation, dueAt: startedAt + restMs };
  };
}
