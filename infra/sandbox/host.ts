import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BackendProof } from '../../domain/sandbox/run.ts';
import type { SystemPath } from './bwrap-arguments.ts';
import { findOwnCgroups } from './cgroup.ts';
import type { Cgroups } from './cgroup.ts';
import { FolderUse } from './folder-use.ts';
import { ForkServer } from './fork-server.ts';
import { fullyProtected } from './protections.ts';
import type { Without } from './protections.ts';
import { makePassableFolder } from './run-folder.ts';
import type { ContainerRuntime } from './program-start.ts';
import { O_PATH } from './open-flags.ts';
import { machineOf, seccompFilter } from './seccomp-filter.ts';
import { createSlots, writeOwner } from './slots.ts';
import type { Slots } from './slots.ts';
import { settingsPaths, systemPaths, writeSettings } from './system-paths.ts';

/** What every run on this machine needs, made once. */
export interface SandboxHost {
  /** The sandbox's own folder. */
  readonly folder: string;
  /** A folder in it for this engine alone, swept after its death. */
  readonly own: string;
  /** Path of bwrap. */
  readonly bwrap: string;
  readonly slots: Slots;
  /** Starts processes. */
  readonly forks: ForkServer;
  readonly cgroups: Cgroups;
  readonly system: readonly SystemPath[];
  /** Path of the file with the filter of system calls. */
  readonly filter: string;
  /** Descriptor of the folder that is `/etc` inside. */
  readonly settings: number;
  /** Whether folders can be mounted elsewhere first, see `stage.ts`. */
  readonly canStage: boolean;
  readonly folderUse: FolderUse;
  readonly backend: BackendProof;
  /** What runs programs where bwrap does not. */
  readonly runtime?: ContainerRuntime;
  readonly without: Without;
}

/** Where and how a host is set up. */
export interface HostOptions {
  /** A folder of ours alone; made where it is not there. */
  readonly folder: string;
  readonly bwrap?: string;
  /** First of the private user ids, where the engine is root; engines with folders of their own need others each. */
  readonly firstUid?: number;
  /** Which cgroups to use; found by itself where it is not given. */
  readonly cgroups?: Cgroups;
  /** Protections to leave out, see {@link Without}: for tests only. */
  readonly without?: Without;
}

const FIRST_UID = 200_000;

/**
 * Makes what every run needs: the filter of system calls, the settings inside, slots.
 *
 * @throws Error on machines whose system calls are not in our tables
 */
export function setUpHost(options: HostOptions, backend: BackendProof): SandboxHost {
  const { folder, bwrap = '/usr/bin/bwrap', firstUid = FIRST_UID } = options;
  const machine = machineOf(process.arch);
  if (machine === undefined) {
    throw new Error(`machine: got ${process.arch}, expected x64 or arm64`);
  }
  makePassableFolder(join(folder, 'slots'));
  const own = join(folder, `host-${process.pid}-${randomUUID()}`);
  makePassableFolder(own);
  writeOwner(own, []);
  const filter = join(own, 'seccomp.bpf');
  writeFileSync(filter, seccompFilter(machine));
  const settings = join(own, 'etc');
  writeSettings(settings);
  const { without = fullyProtected } = options;
  const cgroups = options.cgroups ?? findOwnCgroups();
  return {
    folder,
    own,
    bwrap,
    slots: createSlots({
      folder: join(folder, 'slots'),
      cgroupParents: cgroups.parents,
      firstUid: process.getuid?.() === 0 ? firstUid : null,
    }),
    forks: new ForkServer(without),
    cgroups,
    system: [...systemPaths(), ...settingsPaths()],
    filter,
    settings: openSync(settings, O_PATH | constants.O_DIRECTORY),
    canStage: false,
    folderUse: new FolderUse(folder, own),
    backend,
    without,
  };
}

/** Removes what a host has; nothing may run on it any more. */
export async function tearDown(host: SandboxHost): Promise<void> {
  await host.forks.close();
  await host.slots.close();
  closeSync(host.settings);
  rmSync(host.own, { recursive: true, force: true });
}
