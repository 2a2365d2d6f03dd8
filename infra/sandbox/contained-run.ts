import { makeCgroup } from './cgroup.ts';
import { followToEnd } from './followed-program.ts';
import type { ContainedResult } from './followed-program.ts';
import type { SandboxHost } from './host.ts';
import { cgroupLimits, startProgram } from './program-start.ts';
import type { ProgramStart } from './program-start.ts';

/** A program to be run to its end, and everything it may see and use. */
export interface ContainedRun extends ProgramStart {
  /** Bytes written into folders of the host so far; it may stop counting where that is more than enough. */
  readonly writtenBytes: (enough: number) => Promise<number>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs a program to its end inside a sandbox.
 *
 * @throws Error for a fault of bwrap or of the host; nothing of the program is left then either
 */
export async function runContained(host: SandboxHost, run: ContainedRun): Promise<ContainedResult> {
  const { slot, limits, writtenBytes, signal } = run;
  const cgroup = makeCgroup(host.cgroups, slot.name, cgroupLimits(host, limits));
  try {
    const launched = await startProgram(host, run, cgroup);
    const begin = (): void => {
      launched.release();
    };
    return await followToEnd(host, { launched, cgroup, limits, writtenBytes, signal, begin });
  } finally {
    await cgroup?.remove();
  }
}
