import type { Fact, TurnFact } from '../../domain/collaboration/fact.ts';
import { factOf, type NewEvent } from '../../domain/ledger/event.ts';

/** An event as the functions of the database answer it. */
export interface StoredEvent {
  readonly id: string;
  readonly type: NewEvent['type'];
  /** JSON text. */
  readonly data: string;
}

/**
 * Reads the fact out of an event that the database answered.
 *
 * @throws Error when the event is none of a fact
 */
export function factIn({ id, type, data }: StoredEvent): Fact {
  const fact = factOf({ type, data: JSON.parse(data) as NewEvent['data'] });
  if (fact === undefined) throw new Error(`event ${id}: got ${type}, expected a fact`);
  return fact;
}

/** The same for the event in which a turn ended. */
export function turnFactIn(event: unknown): TurnFact {
  return factIn(event as StoredEvent) as TurnFact;
}
