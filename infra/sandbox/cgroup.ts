import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { SandboxLimits } from '../../domain/sandbox/limits.ts';

/** What a cgroup tells of a run. */
export interface CgroupUsage {
  readonly peakMemoryBytes: number | null;
  readonly processorMs: number | null;
  /** How often the kernel killed for want of memory. */
  readonly memoryKills: number;
}

/** The cgroup of one run. */
export interface RunCgroup {
  /** Its folders, to be swept by a later engine should this one die. */
  readonly paths: readonly string[];
  /** Puts a process in, whose children are then in too. It can take 10 ms, in which nothing waits. */
  readonly add: (pid: number) => Promise<void>;
  /**
   * Puts lower limits on it.
   *
   * @throws Error where it uses more than that already
   */
  restrict(limits: SandboxLimits): void;
  usage(): CgroupUsage;
  pids(): number[];
  /** Kills what is in it. */
  kill(): void;
  /** Removes it; it must be empty. */
  remove(): Promise<void>;
}

/** Which cgroups are there to be used. */
export interface Cgroups {
  readonly mode: 'v2' | 'v1' | 'none';
  /** Where folders of runs are made. */
  readonly parents: readonly string[];
}

interface Hierarchy {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly folder: string;
}

// Each further hierarchy costs every run milliseconds, since the kernel stops the world to move a process into it; what
// they would tell and hold, the limits of processes and the watchdogs do.
const wantedV1 = 'memory';
const REMOVE_TRIES = 50;
const REMOVE_PAUSE_MS = 10;
const MICROS_PER_MS = 1000;

/**
 * Finds the cgroups below the engine's own in which it may make others.
 *
 * @param place - where the engine is
 * @param place.own - text of `/proc/self/cgroup`
 * @param place.mounts - text of `/proc/self/mountinfo`
 * @returns `v2` where it has the controllers memory and pids and gives them to folders below; else `v1` where a memory
 *   hierarchy is writable; else `none`
 */
export function findCgroups({
  own,
  mounts,
}: {
  readonly own: string;
  readonly mounts: string;
}): Cgroups {
  const hierarchies = hierarchiesOf(own, mounts).filter(({ folder }) => isWritable(folder));
  // Beside the engine's own where that is a leaf, which it has to be except at the very top.
  const unified = hierarchies
    .filter(({ version }) => version === 2)
    .flatMap(({ folder }) => [folder, dirname(folder)])
    .find((folder) => isWritable(folder) && givesMemory(folder));
  if (unified !== undefined) return { mode: 'v2', parents: [unified] };
  const memory = hierarchies.find(({ controllers }) => controllers.includes(wantedV1));
  if (memory === undefined) return { mode: 'none', parents: [] };
  return { mode: 'v1', parents: [memory.folder] };
}

/** As {@link findCgroups}, for this very process. */
export function findOwnCgroups(): Cgroups {
  if (!existsSync('/proc/self/cgroup')) return { mode: 'none', parents: [] };
  return findCgroups({
    own: readFileSync('/proc/self/cgroup', 'utf8'),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
  });
}

/**
 * Makes the cgroup of one run.
 *
 * @param cgroups - which ones are used
 * @param cgroups.mode - of which kind they are
 * @param cgroups.parents - where its folders are made
 * @param name - of its folders; no others have it
 * @param limits - of the run
 * @returns undefined where there are none to be used
 */
export function makeCgroup(
  { mode, parents }: Cgroups,
  name: string,
  limits: SandboxLimits,
): RunCgroup | undefined {
  if (mode === 'none') return undefined;
  const paths = parents.map((parent) => join(parent, name));
  for (const path of paths) makeAnew(path);
  const restrict = (to: SandboxLimits): void => {
    const settings = mode === 'v2' ? settingsV2(to) : settingsV1(to);
    for (const [file, value] of settings) setWhereThere(paths, file, value);
  };
  restrict(limits);
  return {
    paths,
    restrict,
    add: async (pid) => {
      for (const path of paths) await writeFile(join(path, 'cgroup.procs'), String(pid));
    },
    usage: () => (mode === 'v2' ? usageV2(paths) : usageV1(paths)),
    pids: () => pidsIn(paths),
    kill: () => {
      killCgroup(paths);
    },
    remove: async () => {
      for (const path of paths) await removeCgroup(path);
    },
  };
}

/** One that could not be removed after an earlier run is empty by now, and would stand against every later one. */
function makeAnew(path: string): void {
  if (existsSync(path)) rmdirSync(path);
  mkdirSync(path);
}

/** Kills what is in these cgroups; folders that are gone count as empty. */
export function killCgroup(paths: readonly string[]): void {
  setWhereThere(paths, 'cgroup.kill', '1');
  for (const pid of pidsIn(paths)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended between the two looks, which is what was wanted
    }
  }
}

/** Removes a cgroup, whose last process may be gone only in a moment; one that is gone is no fault. */
export async function removeCgroup(path: string): Promise<void> {
  for (let tries = REMOVE_TRIES; ; tries--) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || tries === 0) throw error;
      await wait(REMOVE_PAUSE_MS);
    }
  }
}

function settingsV2({ memoryBytes, processes }: SandboxLimits): [string, string][] {
  return [
    ['memory.max', String(memoryBytes)],
    ['memory.swap.max', '0'],
    ['memory.oom.group', '1'],
    ['pids.max', String(processes + 2)], // bwrap outside and its first process inside count too
  ];
}

function settingsV1({ memoryBytes }: SandboxLimits): [string, string][] {
  return [
    ['memory.limit_in_bytes', String(memoryBytes)],
    ['memory.memsw.limit_in_bytes', String(memoryBytes)],
  ];
}

function usageV2(paths: readonly string[]): CgroupUsage {
  const micros = field(readWhereThere(paths, 'cpu.stat'), 'usage_usec');
  return {
    peakMemoryBytes: numberOrNull(readWhereThere(paths, 'memory.peak')),
    processorMs: micros === null ? null : micros / MICROS_PER_MS,
    memoryKills: field(readWhereThere(paths, 'memory.events'), 'oom_kill') ?? 0,
  };
}

function usageV1(paths: readonly string[]): CgroupUsage {
  return {
    peakMemoryBytes: numberOrNull(readWhereThere(paths, 'memory.max_usage_in_bytes')),
    processorMs: null,
    memoryKills: field(readWhereThere(paths, 'memory.oom_control'), 'oom_kill') ?? 0,
  };
}

function pidsIn(paths: readonly string[]): number[] {
  const told = paths.map((path) => readWhereThere([path], 'cgroup.procs') ?? '').join('\n');
  return [...new Set(told.split('\n').filter(Boolean).map(Number))];
}

function setWhereThere(paths: readonly string[], file: string, value: string): void {
  const path = paths.map((each) => join(each, file)).find((each) => existsSync(each));
  if (path !== undefined) writeFileSync(path, value);
}

function readWhereThere(paths: readonly string[], file: string): string | null {
  const path = paths.map((each) => join(each, file)).find((each) => existsSync(each));
  return path === undefined ? null : readFileSync(path, 'utf8');
}

function field(text: string | null, name: string): number | null {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found);
}

function numberOrNull(text: string | null): number | null {
  return text === null || text.trim() === '' ? null : Number(text);
}

function hierarchiesOf(own: string, mounts: string): Hierarchy[] {
  const places = own.split('\n').flatMap((line) => {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ names: (names ?? '').split(',').filter(Boolean), path }];
  });
  return mounts.split('\n').flatMap((line) => {
    const mounted = parseMount(line);
    if (mounted === undefined) return [];
    const { version, options, root, at } = mounted;
    const place = places.find(({ names }) =>
      version === 2 ? names.length === 0 : names.some((name) => options.includes(name)),
    );
    if (place === undefined) return [];
    const below =
      root !== '/' && place.path.startsWith(root) ? place.path.slice(root.length) : place.path;
    return [{ version, controllers: place.names, folder: join(at, below) }];
  });
}

/** See proc(5), `mountinfo`. */
function parseMount(
  line: string,
): { version: 1 | 2; options: string[]; root: string; at: string } | undefined {
  const [before, after] = line.split(' - ');
  const [, , , root, at] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (root === undefined || at === undefined || !/^cgroup2?$/.test(type ?? '')) return undefined;
  return { version: type === 'cgroup2' ? 2 : 1, options: (options ?? '').split(','), root, at };
}

function givesMemory(folder: string): boolean {
  const given = readWhereThere([folder], 'cgroup.subtree_control') ?? '';
  return given.split(/\s+/).includes('memory');
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
