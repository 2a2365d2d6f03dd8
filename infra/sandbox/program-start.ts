import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import { bwrapArguments, descriptors } from './bwrap-arguments.ts';
import type { Mount } from './bwrap-arguments.ts';
import type { RunCgroup } from './cgroup.ts';
import type { SandboxHost } from './host.ts';
import { awaitGone, killSandbox } from './kill.ts';
import { launch, textOf } from './launcher.ts';
import type { Launched } from './launcher.ts';
import type { ProgramUsage } from './process-tree.ts';
import { resourceLimits } from './resource-limits.ts';
import type { Slot } from './slots.ts';
import type { Staging } from './stage.ts';

/** A mount with the descriptor of what is mounted. */
export interface OpenMount extends Mount {
  readonly descriptor: number;
  /** Where it is mounted first; null for as it is. */
  readonly staging: Staging | null;
}

/** A program to be started, and everything it may see and use. */
export interface ProgramStart {
  readonly slot: Slot;
  /** A folder of ours that lasts as long as the program. */
  readonly folder: string;
  readonly argv: readonly string[];
  readonly mounts: readonly OpenMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly limits: SandboxLimits;
  readonly stdin: string | Uint8Array;
  /** Whether the program has a two-way stream to the engine as descriptor 3. */
  readonly hasChannel?: boolean;
}

/** Puts a process into the program's cgroup; see `Launch`. */
type Enter = (pid: number) => Promise<void>;

/** What runs programs in bwrap's place, in containers. */
export interface ContainerRuntime {
  /** What its own processes may need besides the program's. */
  readonly ownMemoryBytes: number;
  readonly ownProcesses: number;
  /** Starts a container that waits at its door. */
  start(host: SandboxHost, program: ProgramStart, enter?: Enter): Promise<Launched>;
  /** What the program uses, without what the runtime itself does. */
  readonly usage: (pid: number) => Promise<ProgramUsage>;
}

/**
 * Starts a program and holds it before its first step, by bwrap or by the runtime that the host has in its place.
 *
 * @param host - set up
 * @param program - what is started
 * @param cgroup - the program's own, where it has one; it is in it
 * @throws as `launch` does, and Error where it cannot be put into its cgroup; nothing lives of it then
 */
export async function startProgram(
  host: SandboxHost,
  program: ProgramStart,
  cgroup: RunCgroup | undefined,
): Promise<Launched> {
  const launched = await start(host, program, cgroup?.add);
  try {
    // bwrap was put into it before, and what it starts is in it too, unless it was faster.
    if (cgroup?.pids().includes(launched.pid) === false) await cgroup.add(launched.pid);
  } catch (cause) {
    killSandbox(launched);
    const words = (await textOf(launched.stderr)).trim();
    await launched.ended;
    await awaitGone(launched.pid, cgroup);
    for (const stream of [launched.stdout, launched.channel]) stream?.destroy();
    throw new Error(`the sandbox ended before the program began: ${words}`, { cause });
  }
  return launched;
}

async function start(
  host: SandboxHost,
  program: ProgramStart,
  enter: Enter | undefined,
): Promise<Launched> {
  if (host.runtime !== undefined) return await host.runtime.start(host, program, enter);
  const shape = { ...program, system: host.system };
  return await launch(host.forks, {
    bwrap: host.bwrap,
    slot: program.slot,
    arguments: bwrapArguments(shape, host.without),
    limits: resourceLimits(program.limits, enter !== undefined, host.without),
    mounts: program.mounts.map(({ descriptor }) => descriptor),
    stagings: program.mounts.flatMap(({ staging }, index) =>
      staging === null ? [] : [{ ...staging, descriptor: descriptors.firstMount + index }],
    ),
    filter: host.filter,
    settings: host.settings,
    stdin: program.stdin,
    hasChannel: program.hasChannel === true,
    without: host.without,
    ...(enter === undefined ? {} : { enter }),
  });
}

/** The limits of a program's cgroup, which holds a runtime's own processes too. */
export function cgroupLimits({ runtime }: SandboxHost, limits: SandboxLimits): SandboxLimits {
  if (runtime === undefined) return limits;
  return {
    ...limits,
    memoryBytes: limits.memoryBytes + runtime.ownMemoryBytes,
    processes: limits.processes + runtime.ownProcesses,
  };
}
