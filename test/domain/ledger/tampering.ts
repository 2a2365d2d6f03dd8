import { generateKeyPairSync, sign } from 'node:crypto';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import { sealEvents } from '../../../domain/ledger/chain.ts';
import type { LedgerEvent, NewEvent } from '../../../domain/ledger/event.ts';
import { buildRecord, signedBytes } from '../../../domain/ledger/record.ts';
import {
  verifyRecord,
  type Finding,
  type VerificationCheck,
} from '../../../domain/ledger/verification.ts';
import { eventAt, sampleEvents, sampleStream, sha256 } from './sample-run.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** The public key of every record that is sealed here. */
export const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** Seals a run; `long` are the texts that its events only refer to. */
export function seal(events: readonly LedgerEvent[], long: readonly string[] = []): SealedRecord {
  const texts = new Map(long.map((text) => [sha256(text), text]));
  const unsigned = buildRecord(
    { events, resolve: ({ artifact }) => texts.get(artifact) ?? '' },
    {
      tenantId: 'local',
      collaborationId: sampleStream,
      sealedAt: events.at(-1)?.time ?? '',
      keyId: cryptography.keyIdOf(spki),
      publicKey: spki,
    },
    sha256,
  );
  return {
    ...unsigned,
    signature: sign(undefined, signedBytes(unsigned), privateKey).toString('base64'),
  };
}

/** The sample run before it was sealed. */
export const events = sampleEvents();
/** The record of the sample run. */
export const record = seal(events);

function sealing(of: SealedRecord): NewEvent {
  return {
    id: 'sealed',
    type: 'conclave.decision.sealed.v1',
    source: '/x',
    subject: sampleStream,
    time: '2026-11-21T09:01:00.000Z',
    data: { content: { record: '', transcript: '', keyId: of.keyId, signature: of.signature } },
  };
}

/** The events of the sample run with the one that tells of the seal. */
export const sealed = [
  ...events,
  ...sealEvents(
    [sealing(record)],
    { stream: sampleStream, head: eventAt(events, events.length) },
    sha256,
  ),
];

/** What does not hold of a record, also against events and against a pinned key where they are given. */
export function faults(
  given: unknown,
  of?: readonly unknown[],
  pinned?: string,
  triesMax = 0,
): readonly Finding[] {
  const findings = verifyRecord(
    {
      record: given,
      triesMax,
      ...(of === undefined ? {} : { events: of }),
      ...(pinned === undefined ? {} : { publicKey: pinned }),
    },
    cryptography,
  );
  return findings.filter((finding) => !finding.ok);
}

/** What the findings of one check say, a line each. */
export function messages(found: readonly Finding[], check: VerificationCheck): string {
  return found
    .filter((finding) => finding.check === check)
    .map((finding) => finding.message)
    .join('\n');
}

/** The paths of a JSON value's leaves, as keys from the top. */
export function leaves(
  value: unknown,
  path: readonly string[] = [],
): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, key]));
}

/** A copy in which one leaf is another one of its kind. */
export function altered<T>(value: T, path: readonly string[]): T {
  const copy = structuredClone(value);
  const holder = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>(
      (part, key) => part[key] as Record<string, unknown>,
      copy as Record<string, unknown>,
    );
  const key = path.at(-1) ?? '';
  holder[key] = another(holder[key]);
  return copy;
}

function another(leaf: unknown): unknown {
  if (typeof leaf === 'string')
    return leaf.startsWith('0') ? `1${leaf.slice(1)}` : `0${leaf.slice(1)}`;
  if (typeof leaf === 'number') return leaf + 1;
  return typeof leaf === 'boolean' ? !leaf : 7;
}

/** A path as findings write it: `decision.votes[1].confidence`. */
export function placeOf(path: readonly string[]): string {
  return path.reduce((sum, key) => (/^\d+$/.test(key) ? `${sum}[${key}]` : `${sum}.${key}`));
}
