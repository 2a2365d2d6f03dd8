import { closeSync, constants, fstatSync, openSync, opendirSync, readSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';

import type { SandboxFile } from '../../domain/sandbox/run.ts';
import { fullyProtected } from './protections.ts';
import type { Without } from './protections.ts';

/** How much of what a run left is taken along. */
export interface CollectionLimits {
  readonly files: number;
  readonly bytes: number;
}

/** What was taken along, and what was not. */
export interface Collected {
  readonly files: readonly SandboxFile[];
  /** One sentence each, with the path. */
  readonly leftOut: readonly string[];
}

/** Taken along of one run, unless the caller says otherwise. */
export const usualCollection: CollectionLimits = { files: 256, bytes: 64 * 1024 * 1024 };

const DEPTH_MAX = 16;
const ENTRIES_MAX = 10_000;
const LEFT_OUT_MAX = 100;

/**
 * Takes along the files that a run left, in the order of their names. Only when nothing of the run lives any more:
 * what is looked at must stay what it was.
 *
 * Links of both kinds, pipes, sockets and devices are left out: they would lead elsewhere, or block.
 */
export function collectFiles(
  folder: string,
  limits: CollectionLimits = usualCollection,
  without: Without = fullyProtected,
): Collected {
  const files: SandboxFile[] = [];
  const leftOut: string[] = [];
  let bytesLeft = limits.bytes;
  let entriesLeft = ENTRIES_MAX;

  const leave = (path: string, why: string): void => {
    if (leftOut.length < LEFT_OUT_MAX) leftOut.push(`${path}: ${why}`);
  };
  const walk = (below: string, depth: number): void => {
    for (const entry of entriesOf(join(folder, below), entriesLeft + 1)) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entriesLeft-- <= 0) {
        leave(path, `expected at most ${ENTRIES_MAX} entries`);
        return;
      }
      if (entry.isDirectory()) {
        if (depth < DEPTH_MAX) walk(path, depth + 1);
        else leave(path, `expected at most ${DEPTH_MAX} folders in each other`);
        continue;
      }
      const taken = readPlain(join(folder, path), bytesLeft, without.has('plain-artifacts'));
      if (typeof taken === 'string') leave(path, taken);
      else if (files.length >= limits.files) leave(path, `expected at most ${limits.files} files`);
      else {
        files.push({ path, bytes: taken });
        bytesLeft -= taken.length;
      }
    }
  };

  walk('', 0);
  return { files, leftOut };
}

/** The first of its entries: a folder may have a million, and the engine waits while they are read. */
function entriesOf(folder: string, entriesMax: number): Dirent[] {
  const entries: Dirent[] = [];
  try {
    const listing = opendirSync(folder);
    try {
      let entry = listing.readSync();
      for (; entry !== null && entries.length < entriesMax; entry = listing.readSync()) {
        entries.push(entry);
      }
    } finally {
      listing.closeSync();
    }
  } catch {
    // a folder that the run closed to itself, or never made
  }
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The bytes of a regular file, or why it is not taken. */
function readPlain(path: string, bytesMax: number, followsLinks: boolean): Uint8Array | string {
  let descriptor: number;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    descriptor = openSync(path, O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW));
  } catch (error) {
    return `not opened (${(error as NodeJS.ErrnoException).code ?? 'unknown'}), expected a regular file`;
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return 'expected a regular file';
    if (stats.nlink > 1) return 'has another name elsewhere; expected a file of its own';
    if (stats.size > bytesMax) return `${stats.size} bytes, expected at most ${bytesMax} more`;
    const bytes = Buffer.alloc(stats.size);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, stats.size, 0));
  } finally {
    closeSync(descriptor);
  }
}
