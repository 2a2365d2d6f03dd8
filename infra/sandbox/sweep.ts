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
  for (const name of entriesOf(join(folder, 'slots'))) {
    const path = join(folder, 'slots', name);
    if (!isAbandoned(path)) continue;
    const parents = [...cgroups.parents, ...(ownerOf(path)?.cgroupParents ?? [])];
    swept.processes += await endProcesses(slotName(path));
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

/** Programs die with their engine, unless they were only being started; those of the host, as git, would go on to their end. */
async function endProcesses(name: string): Promise<number> {
  const found = entriesOf('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => bears(pid, name) && !isGone(pid));
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended between the two looks, which is what was wanted
    }
  }
  const deadline = Date.now() + GONE_WITHIN_MS;
  while (!found.every(isGone) && Date.now() < deadline) await wait(LOOK_MS);
  return found.length;
}

/** Whether a process is a program of a run, or one of the host that works for it. */
function bears(pid: number, name: string): boolean {
  return has(pid, 'cmdline', name) || has(pid, 'environ', `${slotVariable}=${name}`);
}

function has(pid: number, file: 'cmdline' | 'environ', text: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').includes(text);
  } catch {
    return false;
  }
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
