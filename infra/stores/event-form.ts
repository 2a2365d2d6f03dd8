import { canonicalJson } from '../../domain/ledger/canonical.ts';
import type { EventType, LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';

/** RFC 3339 as the ledger keeps it: anything else would come back from the database as another text than was hashed. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * An event on its way into the database, which gives it its place and hash under the stream's lock. In RFC 8785 the keys
 * of an event stand in this order: data, id, previousHash, seq, source, stream, subject, time, type. So what is known
 * before (`d`, `i`) and after (`t`) the two that are not is canonicalised here, once, and the server only joins and hashes.
 */
export interface EventForm {
  readonly id: string;
  readonly type: EventType;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  /** Canonical JSON of the data. */
  readonly d: string;
  /** Canonical JSON of the id. */
  readonly i: string;
  /** What follows the number: `"source":…}`. */
  readonly t: string;
}

/** Where an event came to stand: number, hash before, hash, and whether it was there already. */
export type Place = readonly [seq: number, previousHash: string, hash: string, wasThere: boolean];

/**
 * Prepares an event for its stream.
 *
 * @throws NotCanonicalError when its data has no canonical JSON; RangeError for a time of another form
 */
export function eventForm(event: NewEvent, stream: string): EventForm {
  const { id, type, source, subject, time } = event;
  if (!timePattern.test(time) || Number.isNaN(Date.parse(time))) {
    throw new RangeError(
      `time of event ${id}: got ${JSON.stringify(time)}, expected UTC with milliseconds as in 2026-01-31T12:00:00.000Z`,
    );
  }
  return {
    id,
    type,
    source,
    subject,
    time,
    d: canonicalJson(event.data),
    i: canonicalJson(id),
    t: canonicalJson({ source, stream, subject, time, type }).slice(1),
  };
}

/**
 * Puts an event and the place that the database gave it together.
 *
 * @param event - as it was appended
 * @param stream - where
 * @param place - what came back
 */
export function placedEvent(event: NewEvent, stream: string, place: Place): LedgerEvent {
  const [seq, previousHash, hash] = place;
  const { id, type, source, subject, time, data } = event;
  return { id, type, source, subject, time, data, stream, seq, previousHash, hash };
}
