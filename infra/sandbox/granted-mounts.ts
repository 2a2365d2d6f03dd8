import { closeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';

import type { Grant } from '../../domain/sandbox/run.ts';
import { copyWhole, layOver } from './copied-folder.ts';
import type { Changes, CopiedFolder, CopyPlace } from './copied-folder.ts';
import { isRepository } from './folder-changes.ts';
import { folderSize } from './folder-size.ts';
import { faultOfMountPoint, isAtOrBelow, openPath } from './grants.ts';
import type { InnerPath } from './inner-path.ts';
import type { OpenMount } from './program-start.ts';
import type { Without } from './protections.ts';
import { makeWritableFolder } from './run-folder.ts';
import { makeStaging } from './stage.ts';
import type { Staging } from './stage.ts';

/** Everything of the host that a run sees, open. */
export interface GrantedMounts {
  /** Outer ones before those that lie in them. */
  readonly mounts: readonly OpenMount[];
  /** Bytes that were written into folders since; it stops counting where that is more than enough. */
  readonly writtenBytes: (enough: number) => Promise<number>;
  /** What changed in copies, as git's unified diff; null where there is no copy. The signal ends the looking, with its reason. */
  changes(signal?: AbortSignal): Promise<string | null>;
  close(): void;
}

/** Either the mounts, or why a grant cannot be given. */
export type Granting =
  | { readonly kind: 'granted'; readonly granted: GrantedMounts }
  | { readonly kind: 'refused'; readonly reason: string };

/** What grants are prepared with. */
export interface GrantingPlace extends CopyPlace {
  readonly workFolder: string;
  /** Host folder that is `/artifacts` inside. */
  readonly artifacts: string;
}

interface Preparation {
  readonly grants: readonly Grant[];
  readonly place: GrantingPlace;
  readonly mounts: OpenMount[];
  /** Folders of the host that the run may write into. */
  readonly writable: string[];
  /** One for each copy. */
  readonly changes: Changes[];
}

interface Opened {
  readonly descriptor: number;
  readonly stats: Stats;
  readonly isReachable: boolean;
}

/** A grant that cannot be given; becomes the reason. */
class RefusedGrant extends Error {}

/**
 * Opens what a run is granted: every component looked at, copies made, mount points in writable folders checked.
 *
 * @param grants - without a fault, see `faultOfGrants`
 */
export async function openGrants(
  grants: readonly Grant[],
  place: GrantingPlace,
): Promise<Granting> {
  const preparation: Preparation = { grants, place, mounts: [], writable: [], changes: [] };
  const { mounts, writable, changes } = preparation;
  const close = (): void => {
    for (const { descriptor } of mounts.splice(0)) closeSync(descriptor);
  };
  try {
    addOwnFolders(preparation);
    for (const grant of grants) await addGrant(grant, preparation);
    mounts.sort((one, other) => one.path.length - other.path.length);
    const before = await sizeOf(writable, Infinity, place.signal);
    const granted: GrantedMounts = {
      mounts,
      writtenBytes: async (enough) => (await sizeOf(writable, before + enough)) - before,
      changes: async (signal) => await allChanges(changes, signal),
      close,
    };
    return { kind: 'granted', granted };
  } catch (error) {
    close();
    if (error instanceof RefusedGrant) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

function addOwnFolders({ grants, place, mounts, writable }: Preparation): void {
  const { slot, folder, workFolder, artifacts } = place;
  const isCovered = grants.some(({ path }) => isAtOrBelow(workFolder, path));
  const isTemporary = isAtOrBelow(workFolder, '/tmp');
  const own = [{ path: '/artifacts', host: artifacts }];
  if (!isCovered && !isTemporary) {
    own.push({ path: workFolder, host: makeWritableFolder(folder, 'work', slot) });
  }
  for (const { path, host } of own) {
    mounts.push({
      path,
      isWritable: true,
      descriptor: open(host, place).descriptor,
      staging: null,
    });
    writable.push(host);
  }
}

async function addGrant(grant: Grant, preparation: Preparation): Promise<void> {
  const { path, mode, host } = grant;
  const { place, mounts, writable } = preparation;
  const opened = open(host, place);
  const mount = { path, isWritable: mode !== 'read', descriptor: opened.descriptor };
  mounts.push({ ...mount, staging: null }); // from here on it is closed with the others
  if (mode === 'copy') {
    await addCopy(grant, opened, preparation);
    return;
  }
  if (mode === 'write') checkMountPoints(host, innerPaths(grant, preparation), place.without);
  mounts.pop();
  mounts.push({ ...mount, staging: stagingOf(grant, opened, preparation) });
  if (mode === 'read') return;
  writable.push(host);
  if (isRepository(host)) closeRepository(grant, preparation);
}

/** How a folder is mounted first: where its owner or the way to it would stand against the run's own user. */
function stagingOf(grant: Grant, opened: Opened, { place }: Preparation): Staging | null {
  const { host } = grant;
  const { stats } = opened;
  const { slot, canStage, folder, without } = place;
  if (slot.uid === null || without.has('private-uid')) return null;
  // What lies below the run's own folder, the copies, is the run's user's.
  const isReachable = opened.isReachable || isAtOrBelow(host, folder);
  const needsOwner = stats.uid !== slot.uid && isOwnersAlone(grant, place);
  if (isReachable && !needsOwner) return null;
  if (canStage) return makeStaging(folder, needsOwner ? stats.uid : null, stats.isDirectory());
  const why = needsOwner ? 'it is another user’s' : 'the way to it is closed to other users';
  throw new RefusedGrant(`${host}: ${why}, and it cannot be mounted anew here`);
}

/** Whether the run's user has to look like the owner: to write, and to read a repository as its folder is read. */
function isOwnersAlone({ host, mode }: Grant, { canStage }: GrantingPlace): boolean {
  return mode === 'write' || (canStage && basename(host) === '.git');
}

async function addCopy(grant: Grant, opened: Opened, preparation: Preparation): Promise<void> {
  const { host, path } = grant;
  const { place, writable, changes, mounts } = preparation;
  if (!opened.stats.isDirectory()) {
    throw new RefusedGrant(`${host}: got a file to copy, expected a folder`);
  }
  const copied: CopiedFolder = {
    host,
    ...{ descriptor: opened.descriptor, stats: opened.stats },
    number: changes.length,
    inner: innerPaths(grant, preparation),
  };
  const copy = (await layOver(copied, place)) ?? (await copyWhole(copied, place));
  changes.push(copy.changes);
  writable.push(copy.written);
  if (copy.kind === 'whole') {
    const { descriptor } = open(copy.written, place);
    const replaced = mounts.pop();
    mounts.push({ path, isWritable: true, descriptor, staging: null });
    if (replaced !== undefined) closeSync(replaced.descriptor);
  } else {
    mounts.pop();
    mounts.push({ path, isWritable: true, descriptor: opened.descriptor, staging: copy.staging });
  }
  if (!isRepository(host)) return;
  closeRepository({ ...grant, host: copy.kind === 'whole' ? copy.written : host }, preparation);
}

/** Where other grants lie in this one. */
function innerPaths(grant: Grant, { grants, place }: Preparation): InnerPath[] {
  return grants
    .filter((other) => other !== grant && isAtOrBelow(other.path, grant.path))
    .map((other) => {
      const { descriptor, stats } = open(other.host, place);
      closeSync(descriptor);
      return { below: other.path.slice(grant.path.length + 1), isFolder: stats.isDirectory() };
    });
}

/** Shows a repository's own folder read-only: what is written there, git of the host would run. */
function closeRepository({ host, path }: Grant, preparation: Preparation): void {
  const { place, mounts } = preparation;
  if (place.without.has('closed-repository')) return;
  const within: Grant = { host: join(host, '.git'), path: join(path, '.git'), mode: 'read' };
  const opened = open(within.host, place);
  const mount = { path: within.path, isWritable: false, descriptor: opened.descriptor };
  mounts.push({ ...mount, staging: null });
  const staging = stagingOf(within, opened, preparation);
  mounts.pop();
  mounts.push({ ...mount, staging });
}

function checkMountPoints(host: string, inner: readonly InnerPath[], without: Without): void {
  if (without.has('link-checks')) return;
  for (const { below, isFolder } of inner) {
    const fault = faultOfMountPoint(host, below, isFolder);
    if (fault !== undefined) throw new RefusedGrant(fault);
  }
}

function open(host: string, { without }: GrantingPlace): Opened {
  const result = openPath(host, !without.has('link-checks'));
  if (result.kind === 'opened') return result;
  throw new RefusedGrant(result.reason);
}

async function sizeOf(
  folders: readonly string[],
  enough = Infinity,
  signal?: AbortSignal,
): Promise<number> {
  let total = 0;
  for (const folder of folders) {
    if (total > enough) break;
    total += await folderSize(folder, enough - total, signal);
  }
  return total;
}

async function allChanges(
  changes: readonly Changes[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (changes.length === 0) return null;
  const diffs: string[] = [];
  for (const each of changes) diffs.push(await each(signal));
  return diffs.join('');
}
