import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { Slot } from './slots.ts';

const PASSABLE = 0o711;
const run = promisify(execFile);
const toolEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };

/**
 * Makes a folder, and those above it that are not there, which others may pass and not list: the private users of runs
 * go through it, whatever the engine's mask takes away.
 */
export function makePassableFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let path = folder; path.length >= first.length; path = dirname(path)) {
    chmodSync(path, PASSABLE);
  }
}

/** Makes a folder of one run below its slot. */
export function makeRunFolder(slot: Slot): string {
  const folder = mkdtempSync(join(slot.folder, 'run-'));
  chmodSync(folder, PASSABLE); // the run's own user goes through it to what is mounted
  return folder;
}

/** Makes a folder that the program may write into. */
export function makeWritableFolder(folder: string, name: string, slot: Slot): string {
  const path = join(folder, name);
  mkdirSync(path, { mode: 0o755 });
  if (slot.uid !== null) chownSync(path, slot.uid, slot.uid);
  return path;
}

/**
 * Removes a folder that a program wrote into, whatever it did to it: folders closed to everyone, names too long to be
 * written as one path.
 */
export async function removeFolder(folder: string): Promise<void> {
  if (isRemovedEmpty(folder)) return;
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', folder], { env: toolEnvironment }).catch(
      () => undefined,
    );
    await run('rm', ['-rf', '--', folder], { env: toolEnvironment });
  }
}

/** Removes a folder that holds nothing but empty ones, as most runs leave it, at once; false where there is more. */
function isRemovedEmpty(folder: string): boolean {
  try {
    for (const name of readdirSync(folder)) rmdirSync(join(folder, name));
    rmdirSync(folder);
    return true;
  } catch {
    return false; // a file, or something deeper: that takes longer
  }
}
