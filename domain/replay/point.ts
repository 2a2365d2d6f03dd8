import type { LedgerEvent } from '../ledger/event.ts';
import { shown, type Fault } from '../planning/fault.ts';

/** Which moment is asked for: after an event, at a time, or the latest when neither is given. */
export interface MomentAsked {
  readonly seq?: number;
  /** RFC 3339, UTC. */
  readonly at?: string;
}

/**
 * Says what is wrong with a moment that is asked of a stream.
 *
 * @param events - a stream from its first event on, with at least one event
 * @param asked - which moment
 */
export function momentFault(events: readonly LedgerEvent[], asked: MomentAsked): Fault | undefined {
  const { seq, at } = asked;
  if (seq !== undefined && at !== undefined) {
    return { field: 'at', got: shown(at), expected: 'nothing beside seq' };
  }
  if (seq !== undefined && (!Number.isInteger(seq) || seq < 1 || seq > events.length)) {
    const expected = `a whole number from 1 to ${events.length}, the number of the last event`;
    return { field: 'seq', got: shown(seq), expected };
  }
  if (at === undefined) return undefined;
  const [later] = events.slice(0, 1).filter(({ time }) => Date.parse(time) > Date.parse(at));
  return (
    later && {
      field: 'at',
      got: shown(at),
      expected: `a time from ${later.time} on, its beginning`,
    }
  );
}

/** Says how many events of a stream had happened at a moment that it has. */
export function lengthAt(events: readonly LedgerEvent[], { seq, at }: MomentAsked): number {
  if (at === undefined) return seq ?? events.length;
  // Clocks of several workers may be apart: the ledger's order is what counts.
  const later = events.findIndex(({ time }) => Date.parse(time) > Date.parse(at));
  return later === -1 ? events.length : later;
}
