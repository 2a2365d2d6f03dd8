import type { SealedRecord } from '../collaboration/decision.ts';
import { verifyChain } from './chain.ts';
import { locateChange, triesMaxDefault, type SuspectChain } from './diagnosis.ts';
import { differences, shown, type Difference } from './difference.ts';
import type { LedgerEvent, SealedContent, Sha256, Text } from './event.ts';
import { buildRecord, contentHash, signedBytes, type UnsignedRecord } from './record.ts';
import { ledgerEventSchema, sealedRecordSchema } from './record-schema.ts';

/** What is checked, in this order. All from `events` on need the events, the last one those of a fork's origin too. */
export const verificationChecks = [
  'shape',
  'signature',
  'key id',
  'key',
  'events',
  'chain',
  'head',
  'positions',
  'decision',
  'cost',
  'record',
  'seal',
  'origin',
] as const;

/** Name of a check. */
export type VerificationCheck = (typeof verificationChecks)[number];

/** What one check found; `message` names what is wrong and where, or what was borne out. */
export interface Finding {
  readonly ok: boolean;
  readonly check: VerificationCheck;
  readonly message: string;
}

/** A signature, and what it is said to be of and by. */
export interface SignatureClaim {
  /** SPKI, DER, base64. */
  readonly publicKey: string;
  /** Base64. */
  readonly signature: string;
  readonly bytes: Uint8Array;
}

/** The outside arithmetic that a verification needs. None of it may throw for any text it is given. */
export interface Cryptography {
  readonly sha256: Sha256;
  /** First 16 hexadecimal digits of the SHA-256 of a key's bytes; the key comes as base64. */
  readonly keyIdOf: (publicKey: string) => string;
  /** Whether an Ed25519 signature (base64) by a key (SPKI, base64) fits the bytes; false also for malformed ones. */
  readonly verifySignature: (claim: SignatureClaim) => boolean;
}

/** What is verified. */
export interface Evidence {
  /** The record, as read from JSON. */
  readonly record: unknown;
  /** The stream's events, as read from JSON; without them only the signature is checked. */
  readonly events?: readonly unknown[];
  /** The key that the reader trusts (SPKI, DER, base64); without it the key inside the record is believed. */
  readonly publicKey?: string;
  /** Most texts that are tried to find a changed character; enough for a second's work unless set. */
  readonly triesMax?: number;
}

/**
 * Checks a sealed record by itself and against its events. Needs nothing else, and no network.
 *
 * @param evidence - the record and what it is held against
 * @param cryptography - hashes and signatures
 * @returns every finding, in the order of {@link verificationChecks}; the record holds when all are `ok`
 */
export function verifyRecord(evidence: Evidence, cryptography: Cryptography): readonly Finding[] {
  const parsed = sealedRecordSchema.safeParse(evidence.record);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) =>
      failed('shape', `${pathOf(issue.path)}: ${issue.message}`),
    );
  }
  const record = parsed.data as unknown as SealedRecord;
  const bytes = bytesOf(record);
  if (typeof bytes === 'string') return [failed('shape', bytes)];
  return [
    passed('shape', `a sealed record, version ${record.version}`),
    ...signatureFindings(record, bytes, evidence.publicKey, cryptography),
    ...eventFindings(record, evidence, cryptography.sha256),
  ];
}

function signatureFindings(
  record: SealedRecord,
  bytes: Uint8Array,
  pinned: string | undefined,
  { keyIdOf, verifySignature }: Cryptography,
): readonly Finding[] {
  const { publicKey, signature, keyId } = record;
  const isSigned = verifySignature({ publicKey, signature, bytes });
  const expectedId = keyIdOf(publicKey);
  return [
    isSigned
      ? passed('signature', 'fits the record and the key in it')
      : failed('signature', 'does not fit: the record, its key or its signature was changed'),
    keyId === expectedId
      ? passed('key id', `${keyId} is the key's`)
      : failed('key id', `keyId is ${keyId}, the key in the record has ${expectedId}`),
    keyFinding(publicKey, pinned),
  ];
}

function keyFinding(publicKey: string, pinned: string | undefined): Finding {
  if (pinned === undefined) {
    return passed('key', 'not pinned: whose key it is was not checked; pin it to know');
  }
  return pinned === publicKey
    ? passed('key', 'is the one that was pinned')
    : failed('key', 'publicKey is not the key that was pinned');
}

function bytesOf(record: SealedRecord): Uint8Array | string {
  try {
    return signedBytes(record);
  } catch (error) {
    return String(error); // what has no canonical JSON was never signed
  }
}

function eventFindings(
  record: SealedRecord,
  { events: given, triesMax = triesMaxDefault }: Evidence,
  sha256: Sha256,
): readonly Finding[] {
  if (given === undefined) return [];
  const shapes = given.map((event) => ledgerEventSchema.safeParse(event));
  const faults = shapes.flatMap((shape, index) =>
    (shape.error?.issues ?? []).map((issue) =>
      failed('events', `event at ${index + 1}, ${pathOf(issue.path)}: ${issue.message}`),
    ),
  );
  if (faults.length > 0) return faults;
  const events = given as readonly LedgerEvent[];
  const sealed = events.filter((event) => event.seq <= record.head.seq);
  return [
    passed('events', `${given.length} events`),
    chainFinding(record, { events, triesMax }, sha256),
    headFinding(record, events),
    ...contentFindings(record, sealed, sha256),
    ...rebuiltFindings(record, sealed, sha256),
    ...sealFindings(record, events),
  ];
}

function chainFinding(record: SealedRecord, given: SuspectChain, sha256: Sha256): Finding {
  const verdict = verifyChain(given.events, sha256);
  if (verdict.ok) return passed('chain', `whole from event 1 to ${verdict.head.seq}`);
  const isHead = given.events[verdict.index]?.seq === record.head.seq;
  const chain = isHead ? { ...given, headHash: record.head.hash } : given;
  const changes = locateChange(chain, verdict, sha256);
  if (changes === undefined) return failed('chain', verdict.message);
  const seq = verdict.fault === 'changed' ? verdict.seq : verdict.index + 1;
  const places = changes.map((change) => `${change.path} is ${was(change)}`).join('; ');
  return failed('chain', `event ${seq} was changed: ${places}`);
}

function headFinding(record: SealedRecord, events: readonly LedgerEvent[]): Finding {
  const { stream, seq, hash } = record.head;
  const head = events.find((event) => event.seq === seq);
  if (head === undefined) {
    const last = events.at(-1)?.seq ?? 0;
    return failed('head', `head.seq is ${seq}, the events end at ${last}`);
  }
  if (head.hash !== hash) {
    return failed('head', `head.hash is ${hash}, event ${seq} has ${head.hash}`);
  }
  if (head.stream !== stream) {
    return failed('head', `head.stream is ${stream}, event ${seq} belongs to ${head.stream}`);
  }
  return passed('head', `event ${seq} of ${stream}`);
}

/** Holds each position's hash against the event that it was made from. */
function contentFindings(
  record: SealedRecord,
  events: readonly LedgerEvent[],
  sha256: Sha256,
): readonly Finding[] {
  const faults = record.positions.flatMap(({ turn, sha256: expected }, index) => {
    const event = events.find(
      ({ type, data }) => type === 'conclave.position.submitted.v1' && data['turn'] === turn,
    );
    const at = `positions[${index}] (${turn})`;
    if (event === undefined) return [failed('positions', `${at}: no event tells of it`)];
    const found = hashOrFault(event.data['content'], sha256);
    if (found === expected) return [];
    const message = `${at}: sha256 is ${expected}, the content of event ${event.seq} hashes to ${found}`;
    return [failed('positions', message)];
  });
  if (faults.length > 0) return faults;
  return [passed('positions', `the contents of all ${record.positions.length} fit their hashes`)];
}

function hashOrFault(content: unknown, sha256: Sha256): string {
  try {
    return contentHash(content, sha256);
  } catch (error) {
    return `nothing (${String(error)})`;
  }
}

/** Builds the record again from the events and names every place in which the given one differs. */
function rebuiltFindings(
  record: SealedRecord,
  events: readonly LedgerEvent[],
  sha256: Sha256,
): readonly Finding[] {
  const rebuilt = rebuild(record, events, sha256);
  if (typeof rebuilt === 'string') {
    return [failed('record', `cannot be built again from the events: ${rebuilt}`)];
  }
  const found = differences(record, { ...rebuilt, signature: record.signature }).map(
    (difference) => {
      const { path, expected } = difference;
      const message = `${path} is ${shown(difference.given)}, the events say ${shown(expected)}`;
      return failed(checkOfPath(path), message);
    },
  );
  const missing = (['decision', 'cost', 'record'] as const)
    .filter((check) => !found.some((finding) => finding.check === check))
    .map((check) => passed(check, 'the same when built again from the events'));
  return [...found, ...missing].sort(byCheck);
}

function rebuild(
  record: SealedRecord,
  events: readonly LedgerEvent[],
  sha256: Sha256,
): UnsignedRecord | string {
  const decided = events.find((event) => event.type === 'conclave.decision.reached.v1');
  const identity = {
    tenantId: record.tenantId,
    collaborationId: events[0]?.stream ?? '',
    sealedAt: decided?.time ?? '',
    keyId: record.keyId,
    publicKey: record.publicKey,
  };
  try {
    return buildRecord({ events, resolve: textsWithin(record, sha256) }, identity, sha256);
  } catch (error) {
    return String(error); // events may hold anything: they are what is under suspicion
  }
}

/**
 * Finds long texts within a record: they are not in the events, only their hashes; the record quotes those that matter.
 *
 * @param record - a sealed record
 * @param sha256 - computes hashes
 * @returns gives a text by its hash, or says in brackets which one is not there
 */
export function textsWithin(
  record: SealedRecord,
  sha256: Sha256,
): (text: Exclude<Text, string>) => string {
  let texts: ReadonlyMap<string, string> | undefined;
  return ({ artifact }) => {
    texts ??= new Map(stringsIn(record).map((text) => [sha256(text), text]));
    return texts.get(artifact) ?? `(text with SHA-256 ${artifact})`;
  };
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** The event that closed the stream bears witness to the signature. */
function sealFindings(record: SealedRecord, events: readonly LedgerEvent[]): readonly Finding[] {
  const seal = events.find(({ type }) => type === 'conclave.decision.sealed.v1');
  if (seal === undefined) return [];
  const content = seal.data['content'] as Partial<SealedContent> | undefined;
  const faults = (['signature', 'keyId'] as const)
    .filter((field) => content?.[field] !== record[field])
    .map((field) =>
      failed('seal', `${field} is ${record[field]}, the seal says ${String(content?.[field])}`),
    );
  return faults.length > 0 ? faults : [passed('seal', `event ${seal.seq} names this signature`)];
}

function checkOfPath(path: string): VerificationCheck {
  if (path.startsWith('decision.cost')) return 'cost';
  if (path.startsWith('decision')) return 'decision';
  return path.startsWith('positions') ? 'positions' : 'record';
}

function byCheck(one: Finding, other: Finding): number {
  return verificationChecks.indexOf(one.check) - verificationChecks.indexOf(other.check);
}

function was({ given, expected }: Difference): string {
  return `${shown(given)}, was ${shown(expected)}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (sum, key) => (typeof key === 'number' ? `${sum}[${key}]` : `${sum}.${String(key)}`),
    '',
  );
  return text === '' ? 'the whole' : text.replace(/^\./, '');
}

function passed(check: VerificationCheck, message: string): Finding {
  return { ok: true, check, message };
}

function failed(check: VerificationCheck, message: string): Finding {
  return { ok: false, check, message };
}
