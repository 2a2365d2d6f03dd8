import { createHash } from 'node:crypto';

import type { SimulatedCall } from './wire.ts';

/** How often one prompt was sent to one model, and what became of it. */
export interface CallCount {
  readonly model: string;
  /** SHA-256 of system and text, hexadecimal. */
  readonly promptSha256: string;
  /** Value of the request's `x-conclave-turn` header, where it had one. */
  readonly turn: string | null;
  calls: number;
  inFlight: number;
  completed: number;
  /** The caller went away before the reply was complete. */
  aborted: number;
  /** Answered with a failure. */
  failed: number;
}

/** Counts calls, so that a test can see at the provider's side what was asked twice. */
export interface CallLog {
  /** Notes that a call began; the returned function notes its end, and counts only once. */
  begin(call: SimulatedCall, turn: string | null): CallEntry;
  counts(): readonly CallCount[];
  clear(): void;
}

/** One call under way. */
export interface CallEntry {
  /** Whether this model got this prompt for the first time. */
  readonly isFirst: boolean;
  end(outcome: 'completed' | 'aborted' | 'failed'): void;
}

/** Most prompts that are told apart; the oldest go. */
const COUNTS_MAX = 100_000;

/** Makes an empty log. */
export function createCallLog(): CallLog {
  const counts = new Map<string, CallCount>();
  return {
    begin(call, turn) {
      const promptSha256 = createHash('sha256')
        .update(`${call.system}\n${call.text}`)
        .digest('hex');
      const key = `${call.model}/${promptSha256}`;
      const count = counts.get(key) ?? {
        model: call.model,
        promptSha256,
        turn,
        calls: 0,
        inFlight: 0,
        completed: 0,
        aborted: 0,
        failed: 0,
      };
      counts.set(key, count);
      if (counts.size > COUNTS_MAX) counts.delete(counts.keys().next().value ?? '');
      count.calls += 1;
      count.inFlight += 1;
      let isOpen = true;
      return {
        isFirst: count.calls === 1,
        end(outcome) {
          if (!isOpen) return;
          isOpen = false;
          count.inFlight -= 1;
          count[outcome] += 1;
        },
      };
    },
    counts: () => [...counts.values()],
    clear: () => {
      counts.clear();
    },
  };
}
