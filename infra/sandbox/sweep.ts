import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { isSameProcess } from '../stack/process-identity.ts';
import { killCgroup, removeCgroup } from './cgroup.ts';
import type { Cgroups } from './cgroup.ts';
import { slotVariable } from './host-program.ts';
import { isGone } from './process-tree.ts';
import { removeFolder } from './run-folder.ts';
import { ownerFile, slotName } from './slots.ts';
import type { SlotOwner } from './slots.ts';

/** What dead engines had left behind, and is gone now. */
export interface Swept {
  readonly folders: number;
  readonly cgroups: number;
  readonly processes: number;
}

const FRESH_MS = 60_000; // a folder without an owner may be one that another engine is about to fill
const GONE_WITHIN_MS = 5000;
const LOOK_MS = 10;

/**
 * Removes what engines left that were killed: processes, cgroups and folders of their slots. Those of engines that live
 * stay.
 *
 * @param folder - the sandbox's own folder
 * @param cgroups - where cgroups of runs are made
 */
export async function sweep(folder: string, cgroups: Cgroups): Promise<Swept> {
  const swept = { folders: 0, cgroups: 0, processes: 0 };
  for (const host of entriesOf(folder).filter((name) => name.startsWith('host-'))) {
    const path = join(folder, host);
    if (!isAbandoned(path)) continue;
    await removeFolder(path);
    swept.folders++;
  }
  const slots = entriesOf(join(folder, 'slots'))
    .map((name) => join(folder, 'slots', name))
    .filter(isAbandoned);
  const found = processesBearing(slots.map(slotName));
  swept.processes = found.length;
  await endProcesses(found);
  for (const path of slots) {
    const parents = [...cgroups.parents, ...(ownerOf(path)?.cgroupParents ?? [])];
    swept.cgroups += await removeCgroups(parents, slotName(path));
    await removeFolder(path);
    swept.folders++;
  }
  return swept;
}

/** Whether the engine is dead that made a folder. */
export function isAbandoned(path: string): boolean {
  const owner = ownerOf(path);
  if (owner !== undefined) return !isSameProcess(owner);
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > FRESH_MS;
}

function ownerOf(path: string): SlotOwner | undefined {
  try {
    return JSON.parse(readFileSync(join(path, ownerFile), 'utf8')) as SlotOwner;
  } catch {
    return undefined; // not written yet, or half of it
  }
}

/** Lists the programs of slots, and those of the host that work for them. */
function processesBearing(names: readonly string[]): number[] {
  if (names.length === 0) return [];
  const words = new Set(names.flatMap((name) => [name, `${slotVariable}=${name}`]));
  return entriesOf('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => wordsOf(pid).some((word) => words.has(word)) && !isGone(pid));
}

/** Programs die with their engine, unless they were only being started; those of the host, as git, would go on to their end. */
async function endProcesses(found: readonly number[]): Promise<void> {
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended between the two looks, which is what was wanted
    }
  }
  const deadline = Date.now() + GONE_WITHIN_MS;
  while (!found.every(isGone) && Date.now() < deadline) await wait(LOOK_MS);
}

/** What a process is called by, its arguments, and its environment. */
function wordsOf(pid: number): string[] {
  return ['cmdline', 'environ'].flatMap((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
    } catch {
      return []; // it has ended, or is not ours to see
    }
  });
}

async function removeCgroups(parents: readonly string[], name: string): Promise<number> {
  const paths = [...new Set(parents)]
    .map((parent) => join(parent, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  killCgroup(paths);
  for (const path of paths) await removeCgroup(path);
  return paths.length;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nothing was ever run here
  }
}
