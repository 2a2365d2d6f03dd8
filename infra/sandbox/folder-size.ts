import type { Stats } from 'node:fs';
import { lstat, opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder holds on the disk, in bytes; an empty file counts with what the file system keeps about it. */
export type FolderSize = number;

const BLOCK_BYTES = 512;
const ENTRY_BYTES = 512;
const DEPTH_MAX = 256;
const ENTRIES_MAX = 2_000_000;

/**
 * Adds up what a folder and everything below it hold; links count as themselves.
 *
 * What changes while it is looked at counts as it was found. A tree too deep or too wide counts as endless: no program
 * needs it, and a walk must end.
 */
export async function folderSize(folder: string): Promise<FolderSize> {
  let total = 0;
  let entries = 0;
  const open: { readonly path: string; readonly depth: number }[] = [{ path: folder, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > DEPTH_MAX || entries > ENTRIES_MAX) return Infinity;
    for (const { path, stats } of await entriesOf(next.path)) {
      entries++;
      total += ENTRY_BYTES + stats.blocks * BLOCK_BYTES;
      if (stats.isDirectory()) open.push({ path, depth: next.depth + 1 });
    }
  }
  return total;
}

/** What a whole file system of limited size, as `/tmp` inside, holds. */
export async function fileSystemSize(path: string): Promise<FolderSize> {
  const { bsize, blocks, bfree, files, ffree } = await statfs(path);
  return (blocks - bfree) * bsize + (files - ffree) * ENTRY_BYTES;
}

async function entriesOf(folder: string): Promise<{ path: string; stats: Stats }[]> {
  const found: { path: string; stats: Stats }[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => undefined); // removed between the two looks
      if (stats !== undefined) found.push({ path, stats });
    }
  } catch {
    // removed, or closed to us by a program that runs as the engine's own user: the latter is opened after its end
  }
  return found;
}
