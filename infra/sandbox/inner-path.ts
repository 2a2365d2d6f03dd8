import { chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where another grant lies in a folder. */
export interface InnerPath {
  /** Relative to the folder. */
  readonly below: string;
  /** What is mounted there. */
  readonly isFolder: boolean;
}

/**
 * Makes a place for what is mounted in a folder of ours, and the folders on the way to it: a folder for a folder, an empty file
 * for a file.
 *
 * @param folder - no component of the way to the place is a link in it
 * @param inner - where the place is; one that is there is let be
 * @param uid - whose the place is; null for the engine's own
 */
export function makeInnerPlace(folder: string, inner: InnerPath, uid: number | null): void {
  const { below, isFolder } = inner;
  const components = below.split('/');
  let path = folder;
  for (const [index, component] of components.entries()) {
    path = join(path, component);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    if (isFolder || index < components.length - 1) mkdirSync(path);
    else writeFileSync(path, '', { flag: 'wx' });
    if (uid !== null) chownSync(path, uid, uid);
  }
}
