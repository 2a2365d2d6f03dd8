import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { CrashLab } from './crash-lab.ts';
import { whileStopped } from './stopped-part.ts';

/** The database of the embedded Temporal: the file, what was written since its last checkpoint, and their index. */
const DATABASE_FILES = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'];
const INDEX = 'temporal.db-shm';

/** Copies Temporal's database while it stands still; gives the copy's folder. */
export async function copyOfTemporal(lab: CrashLab, name: string): Promise<string> {
  const copy = join(lab.folder, 'tmp', name);
  mkdirSync(copy, { recursive: true });
  await whileStopped(lab, 'temporal', () => {
    for (const file of DATABASE_FILES) {
      const from = join(lab.folder, 'temporal', file);
      // The index is made anew from the other two.
      if (file !== INDEX && existsSync(from)) copyFileSync(from, join(copy, file));
    }
  });
  return copy;
}

/**
 * Kills Temporal, and whatever else is named, so that it wakes up with another database: none, or a copy. What is
 * unlinked under a process that lives stays as it is for that process, so nothing of the new database is written by it.
 */
export async function makeTemporalForget(
  lab: CrashLab,
  { copy, alsoKill = [] }: { copy?: string; alsoKill?: readonly string[] } = {},
): Promise<void> {
  await whileStopped(lab, 'temporal', async () => {
    for (const file of DATABASE_FILES) {
      const place = join(lab.folder, 'temporal', file);
      rmSync(place, { force: true });
      if (copy !== undefined && existsSync(join(copy, file))) copyFileSync(join(copy, file), place);
    }
    await Promise.all(
      ['temporal', ...alsoKill].map(async (part) => {
        await lab.stack.kill(part);
      }),
    );
  });
  await lab.stack.waitReady('temporal');
}
