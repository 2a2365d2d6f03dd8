import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import { variablesOf } from '../bwrap-arguments.ts';
import type { Mount, SystemPath } from '../bwrap-arguments.ts';
import type { Without } from '../protections.ts';
import { limitedCommand, resourceLimits } from '../resource-limits.ts';

/** A folder or file of the host, where it can be mounted from, and where it lies inside. */
export interface BundleMount extends Mount {
  /** Absolute, on the host. */
  readonly source: string;
  readonly isFolder: boolean;
}

/** What a container is made of. */
export interface BundleShape {
  /** Folder of what lies at `/` inside. */
  readonly root: string;
  readonly mounts: readonly BundleMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly limits: SandboxLimits;
  /** Who the program is inside. */
  readonly uid: number;
  readonly argv: readonly string[];
  readonly without: Without;
}

/** Name, at `/` inside, of the program that puts the filter of system calls on itself. */
export const entryName = 'enter';

const mountPoints = ['/proc', '/dev', '/sys', '/etc'];
const capabilitySets = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'] as const;

/**
 * Says what a container is, as the runtime specification of the Open Container Initiative (1.0.2) has it in `config.json`.
 * Limits are put on by the program's own first steps, so that they are the same as everywhere.
 */
export function containerConfig(shape: BundleShape): object {
  const { root, mounts, env, uid, without } = shape;
  const limits = limitedCommand(resourceLimits(shape.limits, false, without));
  const variables = variablesOf(env, without);
  const granted = without.has('capabilities-dropped') ? ['CAP_SYS_ADMIN', 'CAP_SETUID'] : [];
  const entry = without.has('seccomp') ? [] : [`/${entryName}`];
  return {
    ociVersion: '1.0.2',
    root: { path: root, readonly: !without.has('read-only-root') },
    hostname: 'sandbox',
    process: {
      terminal: false,
      user: { uid, gid: uid },
      args: [...entry, ...limits, ...shape.argv],
      env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      cwd: shape.workFolder,
      capabilities: Object.fromEntries(capabilitySets.map((name) => [name, granted])),
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      // What would lie there by itself tells of the machine.
      { destination: '/sys', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'mode=0555'] },
      ...mounts.map(({ path, source, isWritable }) => ({
        ...{ destination: path, type: 'bind', source },
        options: ['rbind', 'nosuid', 'nodev', isWritable ? 'rw' : 'ro'],
      })),
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
    },
  };
}

/**
 * Makes what lies at `/` inside: links as on the host, and a place for everything that is mounted there.
 *
 * @param root - made here
 * @param system - the host's folders with programs, of which links are made anew
 * @param mounts - with paths below `/` that are not covered by another mount
 * @param entry - the first program inside
 */
export function makeRoot(
  root: string,
  system: readonly SystemPath[],
  mounts: readonly BundleMount[],
  entry: Uint8Array,
): void {
  mkdirSync(root, { mode: 0o755 });
  writeFileSync(join(root, entryName), entry, { mode: 0o755 });
  for (const path of mountPoints) mkdirSync(join(root, path));
  for (const { path, link } of system) {
    if (link !== null) symlinkSync(link, join(root, path));
    else if (dirname(path) === '/') mkdirSync(join(root, path));
  }
  for (const { path, isFolder } of mounts) {
    if (isCovered(path, mounts)) continue;
    const place = join(root, path);
    mkdirSync(isFolder ? place : dirname(place), { recursive: true, mode: 0o755 });
    if (!isFolder) closeSync(openSync(place, 'a', 0o644));
  }
}

/** Whether a mount point lies within another mount, which then has a place for it. */
function isCovered(path: string, mounts: readonly BundleMount[]): boolean {
  return mounts.some((other) => other.path !== path && path.startsWith(`${other.path}/`));
}
