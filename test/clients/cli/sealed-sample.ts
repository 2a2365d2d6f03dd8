import { generateKeyPairSync, sign } from 'node:crypto';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { Printer } from '../../../clients/cli/print.ts';
import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { buildRecord, signedBytes } from '../../../domain/ledger/record.ts';
import { noLongTexts, sampleEvents, sha256 } from '../../domain/ledger/sample-run.ts';
import { printerInto } from '../../support/printer-into.ts';

/** A sealed run with the key that signed it. */
export interface SealedSample {
  readonly record: SealedRecord;
  readonly events: readonly LedgerEvent[];
  readonly publicKeyPem: string;
  /** SPKI in DER, base64. */
  readonly publicKey: string;
}

/** Seals a run with a fresh key; the sample debate unless another is given. */
export function sealedSample(events: readonly LedgerEvent[] = sampleEvents()): SealedSample {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const unsigned = buildRecord(
    { events, resolve: noLongTexts },
    {
      tenantId: 'local',
      collaborationId: events[0]?.stream ?? '',
      sealedAt: events.at(-1)?.time ?? '',
      keyId: cryptography.keyIdOf(publicKey),
      publicKey,
    },
    sha256,
  );
  const signature = sign(undefined, signedBytes(unsigned), pair.privateKey).toString('base64');
  return {
    record: { ...unsigned, signature },
    events,
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicKey,
  };
}

/** A command line's surroundings that keep what was printed. */
export function listening(env: Readonly<Record<string, string>> = {}): {
  readonly surroundings: {
    readonly env: Readonly<Record<string, string>>;
    readonly printer: Printer;
    readonly signal: AbortSignal;
  };
  readonly printed: string[];
  readonly noted: string[];
} {
  const printed: string[] = [];
  const noted: string[] = [];
  const printer = printerInto(printed, noted);
  return {
    surroundings: { env, printer, signal: new AbortController().signal },
    printed,
    noted,
  };
}
