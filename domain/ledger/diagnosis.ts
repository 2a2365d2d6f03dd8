import { canonicalJson } from './canonical.ts';
import { hashOfEvent, type BrokenChain } from './chain.ts';
import { differences, type Difference } from './difference.ts';
import { genesisHash } from './event.ts';
import type { LedgerEvent, Sha256 } from './event.ts';

/** Most texts that are tried when a changed character is looked for, where nothing else is said: about a second's work. */
export const triesMaxDefault = 250_000;

const firstPrintable = 0x20;
const lastPrintable = 0x7e;

/** What a chain was given as, and the hash that its last event should have, where that is known. */
export interface SuspectChain {
  readonly events: readonly LedgerEvent[];
  readonly headHash?: string;
  /** Most texts that are tried to find a changed character. */
  readonly triesMax: number;
}

/**
 * Finds which field of an event was changed, where the event's own hash or its neighbours still tell.
 *
 * A hash does not say what it was made of; but the fields that place an event are known from its neighbours, and a
 * single changed character is found by trying.
 *
 * @param chain - the events in which the fault was found
 * @param broken - the fault
 * @param sha256 - computes hashes
 * @returns the changed places of that event with what stood there before, or undefined where that cannot be known
 */
export function locateChange(
  chain: SuspectChain,
  broken: Pick<BrokenChain, 'index' | 'fault'>,
  sha256: Sha256,
): readonly Difference[] | undefined {
  const event = chain.events[broken.index];
  // An event that fits its own hash was replaced whole, or is not the one at fault.
  if (event === undefined || hashFits(event, event.hash, sha256)) return undefined;
  const original =
    restoredPlace(chain, { event, index: broken.index }, sha256) ??
    (broken.fault === 'changed' ? restoredText(event, chain.triesMax, sha256) : undefined);
  return original === undefined ? undefined : differences(event, original);
}

/** Tries what the neighbours say of number, stream, previous hash and hash. */
function restoredPlace(
  { events, headHash }: SuspectChain,
  { event, index }: { readonly event: LedgerEvent; readonly index: number },
  sha256: Sha256,
): LedgerEvent | undefined {
  const neighbour = events[index === 0 ? 1 : 0] ?? event;
  const candidates: LedgerEvent[] = [
    { ...event, seq: index + 1 },
    { ...event, stream: neighbour.stream },
    { ...event, previousHash: events[index - 1]?.hash ?? genesisHash },
  ];
  const whole = candidates.find((candidate) => hashFits(candidate, candidate.hash, sha256));
  const witnessed = events[index + 1]?.previousHash ?? headHash ?? '';
  return whole ?? (hashFits(event, witnessed, sha256) ? { ...event, hash: witnessed } : undefined);
}

function hashFits(event: LedgerEvent, hash: string, sha256: Sha256): boolean {
  try {
    return hashOfEvent(event, sha256) === hash;
  } catch {
    return false; // without canonical JSON it fits no hash
  }
}

/** Tries every printable character in every place of what the event says. */
function restoredText(
  event: LedgerEvent,
  triesMax: number,
  sha256: Sha256,
): LedgerEvent | undefined {
  const text = hashedText(event);
  let tries = 0;
  for (let at = 0; at < text.length && tries < triesMax; at += 1) {
    const before = text.slice(0, at);
    const after = text.slice(at + 1);
    for (let code = firstPrintable; code <= lastPrintable; code += 1) {
      tries += 1;
      const candidate = before + String.fromCharCode(code) + after;
      if (sha256(candidate) !== event.hash) continue;
      return { ...(JSON.parse(candidate) as LedgerEvent), hash: event.hash };
    }
  }
  return undefined;
}

function hashedText(event: LedgerEvent): string {
  const entries = Object.entries(event).filter(([field]) => field !== 'hash');
  try {
    return canonicalJson(Object.fromEntries(entries));
  } catch {
    return '';
  }
}
