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
  /** Below which folders one for all engines is tried, best first; every user has to be able to go there. */
  readonly shared?: readonly string[];
}

const EVERYONE_MAY_PASS = 0o001;

/**
 * Finds the folder where runs have theirs: the configured one; else, where the engine is root, one for all engines of the
 * machine, which have to share the private user ids by it: below `/var/lib`, or below the temporary folder where that
 * cannot be written; else, where runs are the engine's own user, `sandbox` below the data folder.
 *
 * @returns an absolute path without links; the folder itself need not be there yet
 */
export function sandboxFolder(place: SandboxPlace): string {
  const { configured, dataFolder, isRoot } = place;
  if (configured !== undefined) return withoutLinks(configured);
  const below = withoutLinks(join(dataFolder, 'sandbox'));
  if (!isRoot) return below;
  const shared = (place.shared ?? ['/var/lib', tmpdir()]).map(withoutLinks);
  const found = shared.find((each) => isOpenToPass(each) && isWritable(each));
  return found === undefined ? below : join(found, 'conclave', 'sandbox');
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
