import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What decides where runs have their folders. */
export interface SandboxPlace {
  /** The one that the configuration names. */
  readonly configured: string | undefined;
  /** Where everything else that is kept lies, absolute. */
  readonly dataFolder: string;
  /** Whether runs are users of their own, who must come through every folder above theirs. */
  readonly isRoot: boolean;
  /** Where folders are tried that every user may go to, best first. */
  readonly elsewhere?: readonly string[];
}

const EVERYONE_MAY_PASS = 0o001;
const NAME_LENGTH = 12;

/**
 * Finds the folder where runs have theirs: the configured one; else `sandbox` below the data folder; else, where the
 * engine is root and the way to the data is closed to the private users of runs (as below `/root`), one below
 * `/var/lib/conclave`, or below the temporary folder where that cannot be written.
 *
 * @returns an absolute path without links; the folder itself need not be there yet
 */
export function sandboxFolder(place: SandboxPlace): string {
  const { configured, dataFolder, isRoot } = place;
  if (configured !== undefined) return withoutLinks(configured);
  const below = withoutLinks(join(dataFolder, 'sandbox'));
  if (!isRoot || isOpenToPass(below)) return below;
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, NAME_LENGTH);
  const elsewhere = place.elsewhere ?? ['/var/lib', tmpdir()];
  const found = elsewhere.map(withoutLinks).find((each) => isOpenToPass(each) && isWritable(each));
  return found === undefined ? below : join(found, 'conclave', `sandbox-${name}`);
}

/** Resolves links of the part of a path that is there. */
function withoutLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return join(withoutLinks(dirname(path)), path.slice(dirname(path).length));
}

/** Whether every user may go through all folders on the way that are there already, and through this one. */
function isOpenToPass(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && (stats.mode & EVERYONE_MAY_PASS) === 0) return false;
  return path === '/' || isOpenToPass(dirname(path));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false; // a container's read-only file system
  }
}
