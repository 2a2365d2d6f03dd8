import { shown } from '../domain/planning/fault.ts';
import { Problem } from './problem.ts';

/** Place in a list that is sorted by creation, newest first: the last entry of the page before. */
export interface ListPosition {
  /** RFC 3339, UTC, as the store gave it. */
  readonly createdAt: string;
  readonly id: string;
}

const VERSION = '1';
const SEPARATOR = '|';
/** How a moment stands in a cursor: the form of `toISOString`. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** Writes a position as the opaque text that a client hands back. */
export function encodeCursor(position: ListPosition): string {
  const text = [VERSION, position.createdAt, position.id].join(SEPARATOR);
  return Buffer.from(text, 'utf8').toString('base64url');
}

/**
 * Reads a position back.
 *
 * @param cursor - what the client handed in
 * @param isId - tells what can be the id of an entry
 * @throws `Problem` `cursor-invalid` for anything that {@link encodeCursor} did not write
 */
export function decodeCursor(cursor: string, isId: (id: string) => boolean): ListPosition {
  const [version, createdAt, id, ...rest] = Buffer.from(cursor, 'base64url')
    .toString('utf8')
    .split(SEPARATOR);
  const isOurs =
    version === VERSION &&
    rest.length === 0 &&
    createdAt !== undefined &&
    id !== undefined &&
    MOMENT.test(createdAt) &&
    !Number.isNaN(Date.parse(createdAt)) &&
    isId(id) &&
    encodeCursor({ createdAt, id }) === cursor;
  if (isOurs) return { createdAt, id };
  throw cursorInvalid(cursor);
}

/** The problem with a cursor that this API did not issue. */
export function cursorInvalid(cursor: string): Problem {
  return new Problem('cursor-invalid', {
    detail: 'The cursor was not issued by this API; start again without one.',
    errors: [{ field: 'cursor', got: shown(cursor), expected: 'the `next` of an earlier page' }],
  });
}
