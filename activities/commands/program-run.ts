import { join } from 'node:path';

import type { HostTraffic } from '../../domain/commands/command-trace.ts';
import type { CommandRun, Sandbox, SandboxResult } from '../../domain/sandbox/run.ts';
import { localFault, ProviderFaultError } from '../models/fault.ts';
import { passingFault } from './command-fault.ts';
import { startEgressProxy, type EgressProxy } from './egress-proxy.ts';
import type { EgressRules } from './egress-rules.ts';
import { launched, socketName, type Launching } from './launching.ts';

/** What running a program needs from outside. */
export interface ProgramRunDeps {
  /** Gives what programs are run in, made with the first of them. */
  readonly sandbox: () => Promise<Sandbox>;
  readonly launching: Launching;
  /** Makes a new folder of this machine for a socket, its path below 90 bytes, and says how to remove it with what is in it. */
  makeFolder(): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

/** A program that is to run once. */
export interface OrderedRun {
  readonly run: CommandRun;
  /** Contents by path, relative to its work folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Where it may go; `null`: nowhere. */
  readonly egress: EgressRules | null;
}

/** A program that ran. */
export interface EndedRun {
  readonly result: SandboxResult;
  readonly traffic: readonly HostTraffic[];
}

/**
 * Runs a program, with a proxy for as long as it runs where it may reach anything.
 *
 * @throws ProviderFaultError where it never ran, or the sandbox failed under it
 */
export async function runProgram(
  deps: ProgramRunDeps,
  { run, files, egress }: OrderedRun,
  signal: AbortSignal,
): Promise<EndedRun> {
  const way = egress === null ? null : await openWayOut(deps, egress);
  try {
    const ordered = launched(run, { files, socketFolder: way?.folder ?? null }, deps.launching);
    const result = await runOnce(deps, ordered, signal);
    return { result, traffic: way?.traffic() ?? [] };
  } finally {
    await way?.close();
  }
}

/** A proxy, and the folder of this machine that holds its socket. */
interface WayOut extends EgressProxy {
  readonly folder: string;
}

async function openWayOut(deps: ProgramRunDeps, rules: EgressRules): Promise<WayOut> {
  const impassable = (cause: unknown): never => {
    throw passingFault('the way out cannot be opened', { isUnsent: true }, cause);
  };
  const folder = await deps.makeFolder().catch(impassable);
  const proxy = await startEgressProxy(rules, join(folder.path, socketName)).catch(
    async (cause: unknown) => {
      await folder.remove();
      return impassable(cause);
    },
  );
  return {
    folder: folder.path,
    traffic: () => proxy.traffic(),
    close: async () => {
      await proxy.close();
      await folder.remove();
    },
  };
}

/**
 * Gives what programs are run in.
 *
 * @throws ProviderFaultError that may pass where it cannot be made
 */
export async function sandboxOf(deps: Pick<ProgramRunDeps, 'sandbox'>): Promise<Sandbox> {
  return await deps.sandbox().catch((cause: unknown) => {
    throw passingFault('the sandbox cannot be made', { isUnsent: true }, cause);
  });
}

async function runOnce(
  deps: ProgramRunDeps,
  run: CommandRun,
  signal: AbortSignal,
): Promise<SandboxResult> {
  if (signal.aborted)
    throw new ProviderFaultError(localFault('cancelled', 'the call was cancelled'));
  const sandbox = await sandboxOf(deps);
  // Another worker may be on a machine that protects.
  if (sandbox.backend.name === 'deny') {
    throw passingFault((await sandbox.run(run, signal)).reason, { isUnsent: true });
  }
  const result = await sandbox.run(run, signal).catch((cause: unknown) => {
    throw passingFault('the sandbox failed', { mayHaveCost: true }, cause);
  });
  // What ended it was not us: that is a crash.
  const isCrash = result.status === 'killed' && !signal.aborted;
  return isCrash ? { ...result, status: 'error' } : result;
}
