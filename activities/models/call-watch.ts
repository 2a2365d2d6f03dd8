import { localFault, ProviderFaultError } from './fault.ts';

/** How long a call may take and how long its stream may stand still, milliseconds. */
export interface ModelTimeouts {
  readonly totalMs: number;
  /** Longest silence between two pieces of a reply, and before the first. */
  readonly chunkMs: number;
}

/** Watches one call: its caller's signal, its total time and the silence of its stream. */
export interface CallWatch {
  /** Aborts, with a `ProviderFaultError` as reason, when the call has to end. */
  readonly signal: AbortSignal;
  /** Settles never; rejects when `signal` aborts. */
  readonly ended: Promise<never>;
  /** Says that something came. */
  touch(): void;
  /** Lets go of timers and listeners; must be called once, whatever happened. */
  release(): void;
}

/** Starts watching; the clocks run from here. */
export function watchCall(caller: AbortSignal, timeouts: ModelTimeouts): CallWatch {
  const controller = new AbortController();
  const end = (code: 'timeout' | 'cancelled', message: string): void => {
    controller.abort(new ProviderFaultError(localFault(code, message)));
  };
  const cancel = (): void => {
    end('cancelled', 'the call was cancelled');
  };
  const total = setTimeout(() => {
    end('timeout', `no complete reply within ${timeouts.totalMs} ms`);
  }, timeouts.totalMs);
  const silence = setTimeout(() => {
    end('timeout', `the stream stood still for ${timeouts.chunkMs} ms`);
  }, timeouts.chunkMs);
  const ended = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => {
      reject(controller.signal.reason as ProviderFaultError);
    });
  });
  // Nobody may be waiting when a signal aborts between two reads.
  ended.catch(() => undefined);
  if (caller.aborted) cancel();
  else caller.addEventListener('abort', cancel, { once: true });
  return {
    signal: controller.signal,
    ended,
    touch: () => {
      silence.refresh();
    },
    release: () => {
      clearTimeout(total);
      clearTimeout(silence);
      caller.removeEventListener('abort', cancel);
    },
  };
}
