import type { Decision, SealedRecord } from '../collaboration/decision.ts';
import { canonicalJson } from './canonical.ts';
import { decisionOf } from './decision-reading.ts';
import type { LedgerEvent, Sha256, Text } from './event.ts';
import { isPosition, positionInWords, readRun } from './run-reading.ts';
import type { ResolveText, RunReading, TurnReading } from './run-reading.ts';

/** A record before it is signed. */
export type UnsignedRecord = Omit<SealedRecord, 'signature'>;

/** What a record says that its events do not. */
export interface RecordIdentity {
  readonly tenantId: string;
  readonly collaborationId: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly sealedAt: string;
  readonly keyId: string;
  /** SPKI in DER, base64. */
  readonly publicKey: string;
}

/** Where a record comes from. */
export interface RecordSource {
  /** The stream from its first event on; what stands after a seal is left out. */
  readonly events: readonly LedgerEvent[];
  /** Gives texts that are too long for the ledger. */
  readonly resolve: ResolveText;
}

/**
 * Builds the decision of a run from its ledger alone.
 *
 * @throws Error when the events do not begin with `collaboration.opened` or hold no `decision.reached`
 */
export function buildDecision({ events, resolve }: RecordSource): Decision {
  return decisionOf(readRun(events, resolve));
}

/**
 * Builds the record of a run, from its ledger alone: the same bytes each time.
 *
 * @param source - the run's events and long texts
 * @param identity - what the events do not say
 * @param sha256 - computes hashes
 * @throws Error when the events do not begin with `collaboration.opened` or hold no `decision.reached`
 */
export function buildRecord(
  source: RecordSource,
  identity: RecordIdentity,
  sha256: Sha256,
): UnsignedRecord {
  return recordOf(readRun(source.events, source.resolve), identity, sha256);
}

/**
 * Makes the record of a run that was read.
 *
 * @throws Error when no decision was reached yet
 */
export function recordOf(
  run: RunReading,
  identity: RecordIdentity,
  sha256: Sha256,
): UnsignedRecord {
  const { plan } = run.state;
  return {
    version: 1,
    collaborationId: identity.collaborationId,
    tenantId: identity.tenantId,
    pattern: plan.pattern,
    question: measured(run.opened.question, sha256),
    options: run.opened.options,
    materials: run.opened.materials.map(({ name, sha256: hash, bytes }) => ({
      name,
      sha256: hash,
      bytes,
    })),
    plan,
    participants: participantsOf(run),
    positions: positionsOf(run, sha256),
    decision: decisionOf(run),
    head: headOf(run.events),
    sealedAt: identity.sealedAt,
    keyId: identity.keyId,
    publicKey: identity.publicKey,
  };
}

/**
 * Gives what is signed: the canonical JSON of everything but the signature, as UTF-8.
 *
 * @throws NotCanonicalError when the record holds what JSON cannot say
 */
export function signedBytes(record: UnsignedRecord | SealedRecord): Uint8Array {
  const entries = Object.entries(record).filter(([field]) => field !== 'signature');
  return new TextEncoder().encode(canonicalJson(Object.fromEntries(entries)));
}

/** The hash that a record states for the content of a position's event. */
export function contentHash(content: unknown, sha256: Sha256): string {
  return sha256(canonicalJson(content ?? null));
}

function measured(text: Text, sha256: Sha256): { sha256: string; bytes: number } {
  return typeof text === 'string'
    ? { sha256: sha256(text), bytes: new TextEncoder().encode(text).length }
    : { sha256: text.artifact, bytes: text.bytes };
}

function participantsOf(run: RunReading): SealedRecord['participants'] {
  const { chair } = run.state.plan;
  // The chair sits at the table only where it was asked.
  const isChairAsked = run.turns.some(({ fact }) => fact.seat === chair.seat);
  const seats = isChairAsked ? [...run.state.seats, chair] : run.state.seats;
  return seats.map(({ seat, agent, personas, weight, simulated }) => {
    const replies = repliesOf(run, seat);
    return {
      seat,
      agent,
      models: [...new Set(replies.map((content) => content.model))],
      personas,
      weight,
      simulated: simulated || replies.some((content) => content.simulated),
    };
  });
}

function repliesOf(run: RunReading, seat: string): NonNullable<TurnReading['content']>[] {
  return run.turns.flatMap(({ fact, content }) =>
    fact.seat === seat && content !== null ? [content] : [],
  );
}

function positionsOf(run: RunReading, sha256: Sha256): SealedRecord['positions'] {
  return run.turns.filter(isPosition).map((turn) => ({
    turn: turn.fact.turn,
    seat: turn.fact.seat,
    round: turn.fact.round,
    answer: positionInWords(run, turn) ?? '',
    confidence: turn.fact.confidence,
    sha256: contentHash(turn.content, sha256),
  }));
}

function headOf(events: readonly LedgerEvent[]): SealedRecord['head'] {
  // A run that was read has at least its opening.
  const { stream, seq, hash } = events.reduce((_earlier, event) => event);
  return { stream, seq, hash };
}
