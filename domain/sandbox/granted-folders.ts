import type { Fault } from '../planning/fault.ts';
import { shown } from '../planning/fault.ts';
import { grantModes } from './run.ts';
import type { Grant, SandboxRun } from './run.ts';
import type { AskedRun, FolderGrant } from './run-request.ts';

/** A folder of the host that runs may be granted. */
export interface SandboxFolder {
  readonly name: string;
  /** Absolute path on the host. */
  readonly host: string;
  /** The most that may be granted: `write` allows `copy`, and that `read`. */
  readonly mode: Grant['mode'];
}

/**
 * Says which grants name a folder that is not there, or ask for more than may be granted.
 *
 * @param grants - as asked for
 * @param folders - those of the configuration
 */
export function folderFaults(
  grants: readonly FolderGrant[],
  folders: readonly SandboxFolder[],
): readonly Fault[] {
  return grants.flatMap(({ folder, mode }, index) => {
    const known = folders.find(({ name }) => name === folder);
    if (known === undefined) {
      const names = folders.map(({ name }) => name).join(', ');
      const expected = names === '' ? 'no grant: no folder is configured' : `one of ${names}`;
      return [{ field: `grants[${String(index)}].folder`, got: shown(folder), expected }];
    }
    const allowed = grantModes.slice(0, grantModes.indexOf(known.mode) + 1);
    if (allowed.includes(mode)) return [];
    const expected = `${allowed.join(' or ')}, for the folder ${folder}`;
    return [{ field: `grants[${String(index)}].mode`, got: shown(mode), expected }];
  });
}

/**
 * Puts the paths of the host in the place of the folders' names.
 *
 * @param asked - every grant of it fits the folders, see {@link folderFaults}
 * @param folders - those of the configuration
 */
export function sandboxRunOf(asked: AskedRun, folders: readonly SandboxFolder[]): SandboxRun {
  const grants = asked.grants.flatMap(({ folder, path, mode }) =>
    folders.filter(({ name }) => name === folder).map(({ host }) => ({ host, path, mode })),
  );
  return { ...asked, grants };
}
