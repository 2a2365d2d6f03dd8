import { lstatSync, opendirSync, statfsSync } from 'node:fs';
import type { Dir, Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';

/** What a folder holds on the disk, in bytes; an empty file counts with what the file system keeps about it. */
export type FolderSize = number;

const BLOCK_BYTES = 512;
const ENTRY_BYTES = 512;
const DEPTH_MAX = 256;
const ENTRIES_AT_ONCE = 50;
const ENTRIES_MAX = 2_000_000;

/**
 * Adds up what a folder and everything below it hold; links count as themselves, and files with holes as if those were
 * filled: whoever reads or stores them fills them.
 *
 * What changes while it is looked at counts as it was found. A tree too deep or too wide, or closed to us, counts as
 * endless: no program needs it, and a walk must end. Others get their turn every fifty entries.
 *
 * @param folder - one that is not there counts as nothing
 * @param enough - bytes beyond which nobody wants to know: a folder that grows as fast as it is looked at has an end
 * @param signal - ends the looking, at the next turn of others, with an AbortError
 */
export async function folderSize(
  folder: string,
  enough = Infinity,
  signal?: AbortSignal,
): Promise<FolderSize> {
  let total = 0;
  let entries = 0;
  const open: { readonly path: string; readonly depth: number }[] = [{ path: folder, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > DEPTH_MAX || entries > ENTRIES_MAX) return Infinity;
    const listing = listingOf(next.path);
    if (listing === 'closed') return Infinity;
    if (listing === 'gone') continue;
    try {
      // A folder may have a million entries: they are never read at once.
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        if (++entries % ENTRIES_AT_ONCE === 0) await othersTurn(undefined, { signal });
        const path = join(next.path, entry.name);
        const stats = statsOf(path);
        if (stats === undefined) continue;
        total += ENTRY_BYTES + bytesOf(stats);
        if (total > enough) return total;
        if (stats.isDirectory()) open.push({ path, depth: next.depth + 1 });
      }
    } finally {
      listing.closeSync();
    }
  }
  return total;
}

/** What a file holds; the length of other things says nothing. */
function bytesOf(stats: Stats): number {
  const held = stats.blocks * BLOCK_BYTES;
  return stats.isFile() ? Math.max(held, stats.size) : held;
}

/** What a whole file system of limited size, as `/tmp` inside, holds. */
export function fileSystemSize(path: string): FolderSize {
  const { bsize, blocks, bfree, files, ffree } = statfsSync(path);
  return (blocks - bfree) * bsize + (files - ffree) * ENTRY_BYTES;
}

/** `closed`: it may not be looked into, and a program that is the engine's own user could hide in there. */
function listingOf(folder: string): Dir | 'closed' | 'gone' {
  try {
    return opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'closed' : 'gone';
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // its folder was closed between the two looks
  }
}
