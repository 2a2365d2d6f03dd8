import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { join, normalize } from 'node:path';

import type { Grant } from '../../domain/sandbox/run.ts';
import { O_PATH } from './open-flags.ts';

/** What became of asking for a file or folder of the host. */
export type OpenedPath =
  | {
      readonly kind: 'opened';
      readonly descriptor: number;
      readonly stats: Stats;
      /** Whether every user may go through the folders above it. */
      readonly isReachable: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

const OTHERS_MAY_PASS = 0o001;
const DEPTH_MAX = 64;
const PATH_BYTES_MAX = 4096;
const hostsOwn = ['/proc', '/sys', '/dev'];
const insidesOwn = [
  ...['/proc', '/sys', '/dev', '/etc', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'],
  ...['/libx32', '/artifacts'],
];

/**
 * Opens a file or folder of the host one component after the other, each below the one before it that stays open: a
 * link planted on the way is met, never followed, whenever it was planted.
 *
 * @param path - absolute
 * @param hasLinkChecks - false follows links, to show in a test what the checks are for
 */
export function openPath(path: string, hasLinkChecks = true): OpenedPath {
  const isPlain = path.startsWith('/') && normalize(path) === path && !path.includes('\0');
  if (!isPlain || path.length > PATH_BYTES_MAX) {
    return refused(path, 'expected an absolute path without . and ..');
  }
  if (!hasLinkChecks) return opened(openSync(path, O_PATH), true);
  const components = path.split('/').filter(Boolean);
  if (components.length > DEPTH_MAX) return refused(path, `expected at most ${DEPTH_MAX} folders`);
  const result = descend(path, components);
  if (result.kind === 'refused') return result;
  if (result.stats.isDirectory() || result.stats.isFile()) return result;
  closeSync(result.descriptor);
  return refused(path, 'expected a file or a folder');
}

function descend(path: string, components: readonly string[]): OpenedPath {
  let descriptor = openSync('/', O_PATH | constants.O_DIRECTORY);
  let isReachable = true;
  for (const component of components) {
    const above = descriptor;
    isReachable &&= (fstatSync(above).mode & OTHERS_MAY_PASS) !== 0;
    try {
      const below = `/proc/self/fd/${String(above)}/${component}`;
      descriptor = openSync(below, O_PATH | constants.O_NOFOLLOW);
    } catch (error) {
      const { code = 'not opened' } = error as NodeJS.ErrnoException;
      return refused(path, `${component}: ${code}`);
    } finally {
      closeSync(above);
    }
    if (fstatSync(descriptor).isSymbolicLink()) {
      closeSync(descriptor);
      return refused(path, `${component} is a link; expected files and folders only`);
    }
  }
  return opened(descriptor, isReachable);
}

/**
 * Says what is wrong with the grants of a run, before anything is opened.
 *
 * @param grants - as they were asked for
 * @param stateFolder - the sandbox's own folder, which nobody is given
 * @returns undefined where nothing is
 */
export function faultOfGrants(grants: readonly Grant[], stateFolder: string): string | undefined {
  for (const [index, grant] of grants.entries()) {
    const others = grants.filter((other) => other !== grant);
    const fault =
      faultOfPath(grant) ?? faultOfHost(grant, stateFolder) ?? faultBeside(grant, others);
    if (fault !== undefined) return `grants[${index}].${fault}`;
  }
  return undefined;
}

function faultOfPath({ path }: Grant): string | undefined {
  const isPlain = path.startsWith('/') && normalize(path) === path && !path.endsWith('/');
  if (!isPlain) return `path: got ${path}, expected an absolute path below /, without . and ..`;
  const taken = insidesOwn.find((each) => isAtOrBelow(path, each));
  return taken === undefined ? undefined : `path: got ${path}, expected a path apart from ${taken}`;
}

function faultOfHost({ host }: Grant, stateFolder: string): string | undefined {
  const isSystem = hostsOwn.some((each) => isAtOrBelow(host, each));
  const isOwn = isAtOrBelow(host, stateFolder) || isAtOrBelow(stateFolder, host);
  if (!isSystem && !isOwn) return undefined;
  return `host: got ${host}, expected a folder apart from the system and the sandbox's own`;
}

function faultBeside({ host, path, mode }: Grant, others: readonly Grant[]): string | undefined {
  if (others.some((other) => other.path === path)) {
    return `path: got ${path} twice, expected one grant for each path`;
  }
  const isShared = others.some((other) => other.host === host && other.mode !== 'read');
  if (mode === 'read' || !isShared) return undefined;
  return `host: got ${host} twice, expected one grant that may change it`;
}

/** Whether a path is another one or lies below it; both absolute and normal. */
export function isAtOrBelow(path: string, above: string): boolean {
  return path === above || above === '/' || path.startsWith(`${above}/`);
}

/**
 * Looks at a mount point that lies below a folder which programs have written to: bwrap would follow a link planted
 * there, and make folders where it leads. What is not there yet is made here: folders and, for a file, an empty one.
 *
 * @param folder - of the host, itself checked
 * @param below - relative path of the mount point
 * @param isFolder - what is to be mounted there
 * @returns what is wrong; undefined where every component is a folder and none is a link
 */
export function faultOfMountPoint(
  folder: string,
  below: string,
  isFolder: boolean,
): string | undefined {
  const components = below.split('/').filter(Boolean);
  let path = folder;
  for (const [index, component] of components.entries()) {
    path = join(path, component);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const isLast = index === components.length - 1;
    if (stats === undefined) {
      // One that is there is looked at, one that is not cannot be a link.
      if (isFolder || !isLast) mkdirSync(path);
      else writeFileSync(path, '', { flag: 'wx' });
      continue;
    }
    if (stats.isSymbolicLink()) return `${path} is a link; expected files and folders only`;
    if (stats.isDirectory() !== (isFolder || !isLast)) {
      return `${path} is ${stats.isDirectory() ? 'a folder' : 'no folder'}, expected the other`;
    }
  }
  return undefined;
}

function opened(descriptor: number, isReachable: boolean): OpenedPath & { kind: 'opened' } {
  return { kind: 'opened', descriptor, stats: fstatSync(descriptor), isReachable };
}

function refused(path: string, why: string): OpenedPath {
  return { kind: 'refused', reason: `${path}: ${why}` };
}
