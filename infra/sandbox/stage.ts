import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a folder is mounted before bwrap sees it, in a mount namespace that dies with the run. */
export interface Staging {
  /** An empty folder of ours, or an empty file for a file, where it is mounted. */
  readonly target: string;
  /** Whose files look like the run's own; null changes nothing. */
  readonly owner: number | null;
  /** Folders for what is written; null where it is written to the folder itself. */
  readonly overlay: { readonly upper: string; readonly work: string } | null;
}

/** A mount to be staged, with the number that its descriptor has in the child. */
export interface StagedMount extends Staging {
  readonly descriptor: number;
}

/** Python of the system, which does what Node has no words for. */
export const pythonPath = '/usr/bin/python3';

const program = join(import.meta.dirname, 'stage.py');
// What the options of a mount cannot say.
const UNSAYABLE = /[,:\\"\n]/;

/**
 * The start of a command of the host that sees mounts; the name that the command is called by and its own words follow.
 *
 * @param mounts - each with the number of its descriptor
 * @param options - how they are seen
 * @param options.uid - whom they are for where the engine is root; null for the engine's own user
 * @param options.first - descriptors from here on are closed
 */
export function stagedCommand(
  mounts: readonly StagedMount[],
  { uid, first }: { readonly uid: number | null; readonly first: number },
): string[] {
  const order = { ...(uid === null ? {} : { uid }), first, mounts };
  return [pythonPath, '-I', '-S', '-B', program, JSON.stringify(order)];
}

/** Makes the folder, or the file, that a staging needs. */
export function makeStaging(folder: string, owner: number | null, isFolder: boolean): Staging {
  const made = mkdtempSync(join(folder, 'stage-'));
  if (isFolder) return { target: made, owner, overlay: null };
  chmodSync(made, 0o711); // the run's user goes through it to the file
  const target = join(made, 'file');
  writeFileSync(target, '');
  return { target, owner, overlay: null };
}

/** Whether folders below this one can be named in the options of a mount. */
export function isSayable(folder: string): boolean {
  return !UNSAYABLE.test(folder);
}
