import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';

/** What a folder holds on the disk, in bytes; an empty file counts with what the file system keeps about it. */
export type FolderSize = number;

const BLOCK_BYTES = 512;
const ENTRY_BYTES = 512;
const DEPTH_MAX = 256;
const ENTRIES_AT_ONCE = 500;
const ENTRIES_MAX = 2_000_000;

/**
 * Adds up what a folder and everything below it hold; links count as themselves.
 *
 * What changes while it is looked at counts as it was found. A tree too deep or too wide, or closed to us, counts as
 * endless: no program needs it, and a walk must end. Others get their turn every few hundred entries.
 */
export async function folderSize(folder: string): Promise<FolderSize> {
  let total = 0;
  let entries = 0;
  const open: { readonly path: string; readonly depth: number }[] = [{ path: folder, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > DEPTH_MAX || entries > ENTRIES_MAX) return Infinity;
    const names = namesIn(next.path);
    if (names === undefined) return Infinity;
    for (const name of names) {
      const path = join(next.path, name);
      const stats = statsOf(path);
      if (++entries % ENTRIES_AT_ONCE === 0) await othersTurn();
      if (stats === undefined) continue;
      total += ENTRY_BYTES + stats.blocks * BLOCK_BYTES;
      if (stats.isDirectory()) open.push({ path, depth: next.depth + 1 });
    }
  }
  return total;
}

/** What a whole file system of limited size, as `/tmp` inside, holds. */
export function fileSystemSize(path: string): FolderSize {
  const { bsize, blocks, bfree, files, ffree } = statfsSync(path);
  return (blocks - bfree) * bsize + (files - ffree) * ENTRY_BYTES;
}

/** Undefined where it may not be looked into: a program that is the engine's own user could hide in there. */
function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? undefined : []; // else removed
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // its folder was closed between the two looks
  }
}
