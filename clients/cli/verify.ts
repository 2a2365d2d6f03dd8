import { verifyRecord, type Finding } from '../../domain/ledger/verification.ts';
import { cryptography } from './cryptography.ts';
import { exitFailed, exitOk } from './exit.ts';
import type { Printer } from './print.ts';
import { readEvents, readJson, readPublicKeys } from './record-files.ts';

/** What `verify` was told. */
export interface VerifyOptions {
  /** File of events. */
  readonly events?: string;
  /** File of the public keys that the reader trusts. */
  readonly key?: string;
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
  const findings = verifyRecord(
    {
      record,
      ...(options.events === undefined ? {} : { events: await readEvents(options.events) }),
      ...(await pinned(record, options.key)),
    },
    cryptography,
  );
  const holds = findings.every((finding) => finding.ok);
  if (options.json === true) {
    printer.print(JSON.stringify({ ok: holds, findings }, undefined, 2));
  } else {
    for (const finding of findings) printer.print(findingLine(finding));
    printer.print(verdict(findings, options));
  }
  return holds ? exitOk : exitFailed;
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
