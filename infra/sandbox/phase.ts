import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import { fullyProtected } from './protections.ts';
import type { Without } from './protections.ts';
import type { Breach } from './watchdogs.ts';

/** A run that was ended before its program began or after it had ended. */
export class EndedPhase extends Error {
  readonly breach: Breach;

  constructor(breach: Breach) {
    super(breach.reason);
    this.breach = breach;
  }
}

/** What bounds a phase. */
export interface PhaseBounds {
  readonly limits: Pick<SandboxLimits, 'timeMs'>;
  /** Cancels the run. */
  readonly signal: AbortSignal | undefined;
  readonly without?: Without;
}

/**
 * Does what belongs to a run besides its program, as making copies or telling what changed: `timeMs` is its bound too, and
 * cancelling ends it.
 *
 * @param name - of the phase, for a person
 * @param bounds - the run's
 * @param work - has to end soon after its signal, with an error
 * @throws EndedPhase where the signal ended it
 */
export async function inPhase<Result>(
  name: string,
  bounds: PhaseBounds,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { limits, signal, without = fullyProtected } = bounds;
  const { timeMs } = limits;
  const ending = new AbortController();
  const cancel = (): void => {
    ending.abort(new EndedPhase({ status: 'killed', reason: 'cancelled' }));
  };
  const beLate = (): void => {
    const reason = `${name} took longer than timeMs, ${timeMs} ms`;
    ending.abort(new EndedPhase({ status: 'timeout', reason }));
  };
  const timer = without.has('time-limit') ? undefined : setTimeout(beLate, timeMs);
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) cancel();
  try {
    return await work(ending.signal);
  } catch (error) {
    ending.signal.throwIfAborted(); // whatever the end made fail
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
