import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, as in ULIDs
const TIME_SIGNS = 10;
const RANDOM_SIGNS = 16;

/** Shape of every collaboration's id; that of a part ends in the part's name. */
export const collaborationIdPattern = /^c_[0-9a-hjkmnp-tv-z]{26}(-p\d{1,2})?$/;

/**
 * Draws the id of a collaboration.
 *
 * @param nowMs - time, milliseconds since 1970
 */
export function createCollaborationId(nowMs: number): string {
  return createOrderedId('c_', nowMs);
}

/**
 * Draws an id: a prefix and 26 signs, of which the first 10 are the time and the rest 80 bits of chance,
 * so that ids sort by time and cannot be guessed. Source: ULID specification, in lower case.
 *
 * @param prefix - what kind of thing it names
 * @param nowMs - time, milliseconds since 1970
 */
export function createOrderedId(prefix: string, nowMs: number): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < TIME_SIGNS; i += 1, rest = Math.floor(rest / 32)) {
    time = signOf(rest % 32) + time;
  }
  return `${prefix}${time}${signsOf(randomBytes(RANDOM_SIGNS))}`;
}

/**
 * Derives an id of the same shape from bytes: the same bytes have the same. It sorts by nothing.
 *
 * @param prefix - what kind of thing it names
 * @param bytes - 26 of them or more, such as a hash
 */
export function createDerivedId(prefix: string, bytes: Uint8Array): string {
  return `${prefix}${signsOf(bytes.subarray(0, TIME_SIGNS + RANDOM_SIGNS))}`;
}

function signsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => signOf(byte % 32)).join('');
}

function signOf(value: number): string {
  return ALPHABET.charAt(value);
}
