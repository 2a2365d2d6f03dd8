import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { folderSize } from '../folder-size.ts';
import type { Slot } from '../slots.ts';

/** A folder of ours that holds temporary files of one run, and where it lies inside. */
export interface TemporaryFolder {
  readonly path: string;
  readonly source: string;
}

const TEMPORARY_MODE = 0o1777;
const places = [
  { name: 'temporary', path: '/tmp' },
  { name: 'shared-memory', path: '/dev/shm' },
];

/**
 * Makes the folders for temporary files below a run's own: what a container has in memory of its own cannot be counted from
 * outside.
 */
export function makeTemporaryFolders(folder: string, { uid }: Slot): TemporaryFolder[] {
  return places.map(({ name, path }) => {
    const source = join(folder, name);
    mkdirSync(source);
    chmodSync(source, TEMPORARY_MODE);
    if (uid !== null) chownSync(source, uid, uid);
    return { path, source };
  });
}

/** Bytes in them. */
export async function temporaryBytes(folders: readonly TemporaryFolder[]): Promise<number> {
  let total = 0;
  for (const { source } of folders) total += await folderSize(source);
  return total;
}
