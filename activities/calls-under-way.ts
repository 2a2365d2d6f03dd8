/** The model calls that this worker is making, so that any of them can be stopped by name. */
export interface CallsUnderWay {
  /**
   * Notes a call.
   *
   * @param call - whose call it is
   * @param signal - a signal that stops it as well
   * @returns the signal to give to the call, and what ends the note
   */
  start(call: CallKey, signal: AbortSignal): { readonly signal: AbortSignal; end: () => void };
  /** Stops the calls of these turns, if they are made here. */
  stop(collaborationId: string, turns: readonly string[]): void;
}

/** Names one call. */
export interface CallKey {
  readonly collaborationId: string;
  readonly turn: string;
}

/** Makes an empty list of calls. */
export function createCallsUnderWay(): CallsUnderWay {
  const calls = new Map<string, AbortController>();
  const keyOf = ({ collaborationId, turn }: CallKey): string => `${collaborationId}/${turn}`;
  return {
    start: (call, signal) => {
      const controller = new AbortController();
      const key = keyOf(call);
      calls.set(key, controller);
      return {
        signal: AbortSignal.any([controller.signal, signal]),
        end: () => {
          if (calls.get(key) === controller) calls.delete(key);
        },
      };
    },
    stop: (collaborationId, turns) => {
      for (const turn of turns) calls.get(keyOf({ collaborationId, turn }))?.abort();
    },
  };
}
