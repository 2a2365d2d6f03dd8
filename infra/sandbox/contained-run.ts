import { makeCgroup } from './cgroup.ts';
import type { RunCgroup } from './cgroup.ts';
import type { SandboxHost } from './host.ts';
import { awaitGone, killSandbox } from './kill.ts';
import type { Ended, Launched } from './launcher.ts';
import { collectOutput } from './output.ts';
import type { GrowingOutput, Output } from './output.ts';
import { namelessBytes } from './nameless-files.ts';
import { cgroupLimits, startProgram } from './program-start.ts';
import type { ProgramStart } from './program-start.ts';
import { followTemporaryFiles } from './temporary-files.ts';
import { watch } from './watchdogs.ts';
import type { Breach } from './watchdogs.ts';

/** A program to be run to its end, and everything it may see and use. */
export interface ContainedRun extends ProgramStart {
  /** Bytes written into folders of the host so far; it may stop counting where that is more than enough. */
  readonly writtenBytes: (enough: number) => Promise<number>;
  readonly signal: AbortSignal | undefined;
}

/** What came of it; nothing of the program lives any more. */
export interface ContainedResult {
  readonly breach: Breach | undefined;
  readonly exitCode: number | null;
  readonly output: Output;
  readonly peakMemoryBytes: number | null;
  readonly durationMs: number;
}

/**
 * Runs a program to its end inside a sandbox.
 *
 * @throws Error for a fault of bwrap or of the host; nothing of the program is left then either
 */
export async function runContained(host: SandboxHost, run: ContainedRun): Promise<ContainedResult> {
  const cgroup = makeCgroup(host.cgroups, run.slot.name, cgroupLimits(host, run.limits));
  try {
    const launched = await startProgram(host, run, cgroup?.add);
    return await follow(host, run, { launched, cgroup });
  } finally {
    await cgroup?.remove();
  }
}

async function follow(
  { without, runtime }: SandboxHost,
  { limits, writtenBytes, signal }: ContainedRun,
  { launched, cgroup }: { readonly launched: Launched; readonly cgroup: RunCgroup | undefined },
): Promise<ContainedResult> {
  const { pid } = launched;
  const temporary = followTemporaryFiles(pid);
  let excess: Breach | undefined;
  const output = collectOutput(launched, limits.outputBytes, () => {
    if (without.has('output-limit')) return;
    const reason = `wrote more than outputBytes, ${limits.outputBytes} bytes`;
    excess = { status: 'output', reason };
    killSandbox(launched);
  });
  try {
    await enter(cgroup, launched, output);
    const started = performance.now();
    const watchdogs = watch(
      {
        ...{ pid, limits, cgroup, signal, without },
        ...(runtime === undefined ? {} : { usage: runtime.usage }),
        writtenBytes: async () =>
          temporary.size() +
          (await (launched.writtenBytes?.() ?? namelessBytes(pid, temporary.devices()))) +
          (await writtenBytes(limits.diskBytes)),
      },
      () => {
        killSandbox(launched);
      },
    );
    launched.release();
    const { exitCode, breach: told } = await awaitEnd(launched, output, cgroup).catch(
      async (error: unknown) => {
        await watchdogs.end();
        throw error;
      },
    );
    const durationMs = performance.now() - started;
    const { breach, peakMemoryBytes } = await watchdogs.end();
    const first = excess ?? breach ?? told;
    return {
      breach: first,
      exitCode: first === undefined ? exitCode : null,
      output: output.read(),
      peakMemoryBytes,
      durationMs,
    };
  } finally {
    killSandbox(launched);
    await awaitGone(pid, cgroup);
    temporary.close();
    output.cut();
  }
}

/** Puts the waiting sandbox into its cgroup. */
async function enter(
  cgroup: RunCgroup | undefined,
  launched: Launched,
  output: GrowingOutput,
): Promise<void> {
  try {
    if (cgroup?.pids().includes(launched.pid) === false) await cgroup.add(launched.pid);
  } catch (cause) {
    killSandbox(launched);
    await awaitEnd(launched, output, cgroup);
    const words = output.read().stderr.trim();
    throw new Error(`the sandbox ended before the program began: ${words}`, { cause });
  }
}

/** Until bwrap is gone, then everything inside, then what it wrote last has been read. */
async function awaitEnd(
  { ended, pid }: Launched,
  output: GrowingOutput,
  cgroup: RunCgroup | undefined,
): Promise<Ended> {
  const end = await ended;
  await awaitGone(pid, cgroup);
  await output.ended;
  return end;
}
