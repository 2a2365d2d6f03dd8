import type { SealedRecord } from '../../domain/collaboration/decision.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { verifyRecord, type Finding } from '../../domain/ledger/verification.ts';
import { originFindings } from '../../domain/replay/origin-check.ts';
import { cryptography } from './cryptography.ts';
import { CommandError, exitFailed, exitOk, exitUsage } from './exit.ts';
import type { Printer } from './print.ts';
import { pretty } from './printable.ts';
import { readEvents, readJson, readPublicKeys } from './record-files.ts';

/** What `verify` was told. */
export interface VerifyOptions {
  /** File of events. */
  readonly events?: string;
  /** File of the public keys that the reader trusts. */
  readonly key?: string;
  /** File of the events of a fork's origin. */
  readonly origin?: string;
  readonly json?: boolean;
}

/**
 * Verifies a record from files alone: no server, no network.
 *
 * @param file - the record as the API gives it; `-` for standard input
 * @returns the exit code
 * @throws CommandError for files that cannot be read or are no JSON
 */
export async function verify(
  file: string,
  options: VerifyOptions,
  printer: Printer,
): Promise<number> {
  const record = await readJson(file);
  const events = options.events === undefined ? undefined : await readEvents(options.events);
  const known = verifyRecord(
    { record, ...(events && { events }), ...(await pinned(record, options.key)) },
    cryptography,
  );
  const findings = [...known, ...(await originFindingsOf(known, { record, events }, options))];
  const holds = findings.every((finding) => finding.ok);
  if (options.json === true) {
    printer.print(pretty({ ok: holds, findings }));
  } else {
    for (const finding of findings) printer.print(findingLine(finding));
    printer.print(verdict(findings, options) + originHint(record, options));
  }
  return holds ? exitOk : exitFailed;
}

/** Only of a record that holds: from any other nothing is told. */
async function originFindingsOf(
  known: readonly Finding[],
  { record, events }: { readonly record: unknown; readonly events: readonly unknown[] | undefined },
  { origin }: VerifyOptions,
): Promise<readonly Finding[]> {
  if (origin === undefined) return [];
  if (events === undefined) {
    throw new CommandError(
      '--origin: expected the events of the fork beside it (--events FILE)',
      exitUsage,
    );
  }
  const given = await readEvents(origin);
  if (known.some(({ ok }) => !ok)) return [];
  const fork = { record: record as SealedRecord, events: events as readonly LedgerEvent[] };
  return originFindings({ ...fork, origin: given }, cryptography.sha256);
}

/** Whose word it is what a fork took over, while nobody has looked. */
function originHint(record: unknown, { origin }: VerifyOptions): string {
  const { plan } = record as { readonly plan?: Partial<Plan> };
  if (origin !== undefined || plan?.origin === undefined) return '';
  const { collaborationId, events } = plan.origin;
  return ` It is a fork: ${String(events)} events are said to be those of ${collaborationId}; check with --origin FILE.`;
}

/** Of several trusted keys the record may name any: the one it names is held against the signature. */
export async function pinned(
  record: unknown,
  file: string | undefined,
): Promise<{ publicKey?: string }> {
  if (file === undefined) return {};
  const keys = await readPublicKeys(file);
  const named = (record as { readonly publicKey?: unknown } | null)?.publicKey;
  const publicKey = keys.find((key) => key === named) ?? keys[0];
  return publicKey === undefined ? {} : { publicKey };
}

/** Shows what one check found. */
export function findingLine({ ok, check, message }: Finding): string {
  return `${ok ? 'ok    ' : 'FAILED'}  ${check}: ${message}`;
}

function verdict(findings: readonly Finding[], options: VerifyOptions): string {
  const faults = findings.filter((finding) => !finding.ok).length;
  if (faults > 0) {
    const hint = options.events === undefined ? '; with --events FILE it can be said where' : '';
    return `The record does NOT hold: ${String(faults)} ${faults === 1 ? 'fault' : 'faults'}${hint}.`;
  }
  const whose =
    options.key === undefined ? ' Pin the key with --key FILE to know whose it is.' : '';
  return options.events === undefined
    ? `The signature holds; the events were not looked at (--events FILE).${whose}`
    : `The record holds, and its events bear it out.${whose}`;
}
