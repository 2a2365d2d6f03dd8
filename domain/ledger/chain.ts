import { canonicalJson, NotCanonicalError } from './canonical.ts';
import { genesisHash } from './event.ts';
import type { LedgerEvent, NewEvent, Sha256 } from './event.ts';

/** The last event of a stream, or of the part of it that is known: where the next one is chained. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head of a stream without events. */
export const emptyHead: ChainHead = { seq: 0, hash: genesisHash };

/** Where an event goes: its stream, its number there, and the hash of the event before ({@link genesisHash} for number 1). */
export interface EventPlace {
  readonly stream: string;
  readonly seq: number;
  readonly previousHash: string;
}

/** A stream as an appender finds it. */
export interface StreamEnd {
  readonly stream: string;
  readonly head: ChainHead;
}

/**
 * What can be wrong with a chain.
 *
 * - `changed`: an event's hash does not fit what it says
 * - `missing`: a number is left out
 * - `repeated`: a number occurs twice
 * - `reordered`: an event stands before one that has a smaller number
 * - `wrong-previous-hash`: an event is whole in itself, but follows another event than the one before it
 * - `other-stream`: an event belongs to another stream than the first
 */
export const chainFaults = [
  'changed',
  'missing',
  'repeated',
  'reordered',
  'wrong-previous-hash',
  'other-stream',
] as const;

/** Name of what is wrong with a chain. */
export type ChainFault = (typeof chainFaults)[number];

/** What verifying a chain comes to: its head, or the first fault. `seq` is the number at fault, `index` where in the list it showed. */
export type ChainVerdict =
  { readonly ok: true; readonly head: ChainHead } | ({ readonly ok: false } & BrokenChain);

/** The first thing that is wrong with a chain. */
export interface BrokenChain {
  readonly seq: number;
  readonly index: number;
  readonly fault: ChainFault;
  readonly message: string;
}

/**
 * Gives an event its place in a stream and its hash.
 *
 * @param event - what happened; fields beyond those of a new event are left out
 * @param place - where it goes
 * @param sha256 - computes the hash
 * @throws NotCanonicalError when the data has no canonical JSON
 */
export function sealEvent(event: NewEvent, place: EventPlace, sha256: Sha256): LedgerEvent {
  const placed = {
    id: event.id,
    type: event.type,
    source: event.source,
    subject: event.subject,
    time: event.time,
    data: event.data,
    stream: place.stream,
    seq: place.seq,
    previousHash: place.previousHash,
  };
  return { ...placed, hash: sha256(canonicalJson(placed)) };
}

/**
 * Chains several events in the order in which they come.
 *
 * @param events - what happened
 * @param end - the stream and its head so far
 * @param sha256 - computes the hashes
 * @throws NotCanonicalError when the data of one has no canonical JSON
 */
export function sealEvents(
  events: readonly NewEvent[],
  end: StreamEnd,
  sha256: Sha256,
): LedgerEvent[] {
  let head = end.head;
  return events.map((event) => {
    const at = { stream: end.stream, seq: head.seq + 1, previousHash: head.hash };
    const sealed = sealEvent(event, at, sha256);
    head = sealed;
    return sealed;
  });
}

/**
 * Computes the hash that an event should have: over everything it says but the hash itself.
 *
 * @throws NotCanonicalError when it has no canonical JSON
 */
export function hashOfEvent(event: LedgerEvent, sha256: Sha256): string {
  const entries = Object.entries(event).filter(([field]) => field !== 'hash');
  return sha256(canonicalJson(Object.fromEntries(entries)));
}

/**
 * Checks that events are a whole, unchanged chain, and names the first thing that is wrong.
 *
 * @param events - events of one stream, in order, from the one after `from` on
 * @param sha256 - computes the hashes
 * @param from - where the part begins; the beginning of the stream by default
 */
export function verifyChain(
  events: readonly LedgerEvent[],
  sha256: Sha256,
  from: ChainHead = emptyHead,
): ChainVerdict {
  const numbers = new Set(events.map((event) => event.seq));
  let head = from;
  for (const [index, event] of events.entries()) {
    const fault =
      faultOfPlace(event, head.seq + 1, numbers) ??
      faultOfStream(event, events[0]) ??
      faultOfContent(event, sha256) ??
      faultOfLink(event, head);
    if (fault !== undefined) return { ok: false, index, ...fault };
    head = { seq: event.seq, hash: event.hash };
  }
  return { ok: true, head };
}

type Fault = Omit<BrokenChain, 'index'>;

function faultOfPlace(
  event: LedgerEvent,
  expected: number,
  numbers: ReadonlySet<number>,
): Fault | undefined {
  if (event.seq === expected) return undefined;
  const at = `event ${String(expected)}`;
  if (event.seq > 0 && event.seq < expected) {
    const message = `event ${String(event.seq)} is there twice; the second stands in the place of ${at}`;
    return { seq: event.seq, fault: 'repeated', message };
  }
  const found = `in its place stands number ${String(event.seq)}`;
  if (numbers.has(expected)) {
    const message = `${at} is not in its place: ${found}`;
    return { seq: expected, fault: 'reordered', message };
  }
  return { seq: expected, fault: 'missing', message: `${at} is missing: ${found}` };
}

function faultOfStream(event: LedgerEvent, first: LedgerEvent | undefined): Fault | undefined {
  if (first === undefined || event.stream === first.stream) return undefined;
  const message = `event ${String(event.seq)} belongs to stream ${event.stream}, the chain to ${first.stream}`;
  return { seq: event.seq, fault: 'other-stream', message };
}

function faultOfContent(event: LedgerEvent, sha256: Sha256): Fault | undefined {
  const at = `event ${String(event.seq)} (${event.type})`;
  try {
    const expected = hashOfEvent(event, sha256);
    if (event.hash === expected) return undefined;
    const message = `${at} was changed: its hash is ${event.hash}, what it says hashes to ${expected}`;
    return { seq: event.seq, fault: 'changed', message };
  } catch (error) {
    if (!(error instanceof NotCanonicalError)) throw error;
    return { seq: event.seq, fault: 'changed', message: `${at}: ${error.message}` };
  }
}

function faultOfLink(event: LedgerEvent, head: ChainHead): Fault | undefined {
  if (event.previousHash === head.hash) return undefined;
  const message =
    `event ${String(event.seq)} follows ${event.previousHash}, ` +
    `but event ${String(head.seq)} before it has the hash ${head.hash}`;
  return { seq: event.seq, fault: 'wrong-previous-hash', message };
}
