import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { CommandRun, SandboxResult, SandboxStatus } from '../../domain/sandbox/run.ts';
import { collectFiles } from './collected-files.ts';
import type { Collected } from './collected-files.ts';
import { runContained } from './contained-run.ts';
import type { ContainedResult } from './followed-program.ts';
import { openGrants } from './granted-mounts.ts';
import type { GrantedMounts } from './granted-mounts.ts';
import type { SandboxHost } from './host.ts';
import { StagingFault } from './launcher.ts';
import { EndedPhase, inPhase } from './phase.ts';
import type { PhaseBounds } from './phase.ts';
import { refusal } from './refusal.ts';
import { makeRunFolder, makeWritableFolder } from './run-folder.ts';
import { faultOfCommand } from './run-fault.ts';
import type { Slot } from './slots.ts';
import type { Breach } from './watchdogs.ts';

const SIGNALS_FROM = 128; // what shells and bwrap add to the number of a signal
const FILE_TOO_LARGE = 25;
const TOO_MUCH_PROCESSOR = 24;
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/**
 * Runs a command to its end.
 *
 * @throws Error for a fault of the sandbox itself; nothing of the run is left then either
 */
export async function runCommand(
  host: SandboxHost,
  run: CommandRun,
  signal?: AbortSignal,
): Promise<SandboxResult> {
  const fault = faultOfCommand(run, host.folder);
  if (fault !== undefined) return refusal(host.backend, fault);
  if (signal?.aborted === true) {
    return endedBefore(host, { status: 'killed', reason: 'cancelled before it began' });
  }
  const taking = host.folderUse.take(run.grants);
  if (taking.kind === 'refused') return refusal(host.backend, taking.reason);
  try {
    const slot = await host.slots.take();
    const folder = makeRunFolder(slot);
    try {
      return await runInSlot(host, run, { slot, folder, signal });
    } finally {
      host.slots.clear(slot, folder);
    }
  } finally {
    taking.leave();
  }
}

async function runInSlot(
  host: SandboxHost,
  run: CommandRun,
  {
    slot,
    folder,
    signal,
  }: {
    readonly slot: Slot;
    readonly folder: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<SandboxResult> {
  const artifacts = makeWritableFolder(folder, 'artifacts', slot);
  const { canStage, without } = host;
  const place = { slot, folder, artifacts, workFolder: run.workFolder, canStage, without };
  const bounds = { limits: run.limits, signal, without };
  const granting = await inPhase('preparing what is granted', bounds, async (ending) => {
    return await openGrants(run.grants, { ...place, signal: ending });
  }).catch(unlessEnded);
  if (granting.kind === 'ended') return endedBefore(host, granting.breach);
  if (granting.kind === 'refused') return refusal(host.backend, granting.reason);
  const { granted } = granting;
  try {
    const result = await runContained(host, {
      slot,
      folder,
      argv: run.argv,
      mounts: granted.mounts,
      env: { ...run.env, CONCLAVE_SEED: run.seed },
      workFolder: run.workFolder,
      limits: run.limits,
      stdin: run.stdin,
      writtenBytes: granted.writtenBytes,
      signal,
    });
    const collected = collectFiles(artifacts, undefined, without);
    return await resultOf(host, { result, collected, granted, limits: run.limits, signal });
  } catch (error) {
    if (error instanceof StagingFault) return refusal(host.backend, error.message);
    throw error;
  } finally {
    granted.close();
  }
}

/** What a run was ended by before its program began; any other error goes on. */
function unlessEnded(error: unknown): { readonly kind: 'ended'; readonly breach: Breach } {
  if (error instanceof EndedPhase) return { kind: 'ended', breach: error.breach };
  throw error;
}

function endedBefore({ backend }: SandboxHost, { status, reason }: Breach): SandboxResult {
  return { ...refusal(backend, reason), status };
}

/** The result of a program that was run as {@link runCommand} runs one; the signal ends the looking for changes. */
export async function resultOf(
  { backend, without }: SandboxHost,
  {
    result,
    collected,
    granted,
    limits,
    signal,
  }: {
    readonly result: ContainedResult;
    readonly collected: Collected;
    readonly granted: GrantedMounts;
    readonly limits: SandboxLimits;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<SandboxResult> {
  const { output, peakMemoryBytes, durationMs } = result;
  const exitCode = exitCodeOf(result);
  const changes = await changesOf(granted, result, { limits, signal, without });
  return {
    ...wholeVerdict({ ...result, exitCode }, changes),
    exitCode,
    value: null,
    ...output,
    fuelUsed: null,
    peakMemoryBytes,
    durationMs,
    diff: changes.diff,
    files: collected.files,
    filesLeftOut: collected.leftOut,
    backend,
  };
}

/** What changed, or why that is not told. */
interface ToldChanges {
  readonly diff: string | null;
  /** What it was ended by. */
  readonly breach?: Breach;
  readonly fault?: string;
}

/** What a program made of a folder can be more than git takes: that is the program's failure, not ours. */
async function changesOf(
  granted: GrantedMounts,
  { breach }: ContainedResult,
  bounds: PhaseBounds & { readonly limits: SandboxLimits },
): Promise<ToldChanges> {
  const { diskBytes } = bounds.limits;
  try {
    // To tell what changed git stores all of it: what a run may not write is not stored in its place.
    if (breach !== undefined && (await granted.writtenBytes(diskBytes)) > diskBytes)
      return { diff: null };
    const diff = await inPhase('telling what changed', bounds, async (ending) => {
      return await granted.changes(ending);
    });
    return { diff };
  } catch (error) {
    if (error instanceof EndedPhase) return { diff: null, breach: error.breach };
    const words = error instanceof Error ? error.message : String(error);
    return { diff: null, fault: `what changed cannot be told: ${words}` };
  }
}

/** What the program itself did, unless the run was ended, or failed, in telling what changed. */
function wholeVerdict(
  result: ContainedResult,
  { breach, fault }: ToldChanges,
): Pick<SandboxResult, 'status' | 'reason'> {
  const verdict = verdictOf(result);
  if (result.breach === undefined && breach !== undefined) return breach;
  if (verdict.status !== 'ok' || fault === undefined) return verdict;
  return { status: 'error', reason: fault };
}

/** A program that cannot be begun has the codes that shells have for it: bwrap says why, and gives none. */
function exitCodeOf({ breach, exitCode, output }: ContainedResult): number | null {
  if (breach !== undefined || exitCode !== null) return exitCode;
  const fault = /^bwrap: execvp .*: (.+)$/m.exec(output.stderr)?.[1];
  if (fault === undefined) return null;
  return fault === 'No such file or directory' ? NOT_FOUND : NOT_RUNNABLE;
}

function verdictOf({ breach, exitCode, output }: ContainedResult): {
  readonly status: SandboxStatus;
  readonly reason: string;
} {
  if (breach !== undefined) return breach;
  if (exitCode === null) {
    // Without a code no program has ended: what is said is bwrap's own.
    const words = output.stderr.trim();
    if (words.startsWith('bwrap: ')) return { status: 'refused', reason: words };
    return { status: 'killed', reason: 'ended from outside' };
  }
  if (exitCode === 0) return { status: 'ok', reason: '' };
  if (exitCode === SIGNALS_FROM + FILE_TOO_LARGE) {
    return { status: 'disk', reason: 'wrote a file larger than diskBytes' };
  }
  if (exitCode === SIGNALS_FROM + TOO_MUCH_PROCESSOR) {
    return { status: 'timeout', reason: 'used more processor time than processorMs' };
  }
  if (exitCode <= SIGNALS_FROM) return { status: 'error', reason: `ended with code ${exitCode}` };
  const number = exitCode - SIGNALS_FROM;
  return { status: 'error', reason: `ended with code ${exitCode}, as after signal ${number}` };
}
