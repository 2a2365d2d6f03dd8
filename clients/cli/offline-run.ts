import type { SealedRecord } from '../../domain/collaboration/decision.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import type { ResolveText } from '../../domain/ledger/run-reading.ts';
import { textsWithin, verifyRecord } from '../../domain/ledger/verification.ts';
import { cryptography } from './cryptography.ts';
import { CommandError } from './exit.ts';
import { readEvents, readJson } from './record-files.ts';
import { findingLine, pinned } from './verify.ts';

/** Files of a run that has ended. */
export interface RunFiles {
  /** The sealed record. */
  readonly record: string;
  /** Its events. */
  readonly events: string;
  /** The public keys that the reader trusts. */
  readonly key?: string;
}

/** A run from files, verified. */
export interface OfflineRun {
  readonly record: SealedRecord;
  readonly events: readonly LedgerEvent[];
  readonly resolve: ResolveText;
}

/**
 * Reads a run from files and verifies it: from a record or a chain that does not hold nothing is told.
 *
 * @throws CommandError for files that cannot be read, and with every fault for a record or chain that does not hold
 */
export async function readRunFiles(files: RunFiles): Promise<OfflineRun> {
  const given = await readJson(files.record);
  const events = await readEvents(files.events);
  const evidence = { record: given, events, ...(await pinned(given, files.key)) };
  const faults = verifyRecord(evidence, cryptography).filter(({ ok }) => !ok);
  if (faults.length > 0) {
    throw new CommandError(
      ['the record does NOT hold, so nothing is told from it', ...faults.map(findingLine)].join(
        '\n  ',
      ),
    );
  }
  const record = given as SealedRecord;
  return {
    record,
    events: events as readonly LedgerEvent[],
    resolve: textsWithin(record, cryptography.sha256),
  };
}
