import type { LedgerEvent } from '../../domain/ledger/event.ts';

/** One piece of a reply as it streams; nothing keeps it. */
export interface LiveText {
  readonly turn: string;
  readonly seat: string;
  readonly text: string;
}

/** Milliseconds after which a client that lost its stream shall try again. */
export const retryMs = 1000;

const encoder = new TextEncoder();

/**
 * Encodes a ledger event as a server-sent event: its number is the id, so that a client resumes
 * after it; its type is the name. Source: WHATWG HTML, section 9.2.
 */
export function eventFrame(event: LedgerEvent): Uint8Array {
  return encoder.encode(
    `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  );
}

/** Encodes streaming text. It has no id: a client that resumes does not get it again. */
export function liveFrame(live: LiveText): Uint8Array {
  return encoder.encode(`event: live\ndata: ${JSON.stringify(live)}\n\n`);
}

/** Encodes the first lines of a stream: how long to wait before trying again. */
export function openingFrame(): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\n: open\n\n`);
}

/** Encodes a sign of life, which clients ignore. */
export function heartbeatFrame(): Uint8Array {
  return encoder.encode(': heartbeat\n\n');
}

/**
 * Encodes the last event of a stream. A client closes when it sees it; one that tries again after it
 * gets 204, which ends an `EventSource` for good.
 *
 * @param seq - number of the last ledger event that was sent
 */
export function endFrame(seq: number): Uint8Array {
  return encoder.encode(`event: end\ndata: ${JSON.stringify({ seq })}\n\n`);
}
