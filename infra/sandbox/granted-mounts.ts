import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';

import type { Grant } from '../../domain/sandbox/run.ts';
import { changesSince, isRepository, noteFolder } from './folder-changes.ts';
import type { FolderState } from './folder-changes.ts';
import { folderSize } from './folder-size.ts';
import { faultOfMountPoint, isAtOrBelow, openPath } from './grants.ts';
import type { OpenMount } from './program-start.ts';
import type { Without } from './protections.ts';
import { makeWritableFolder } from './run-folder.ts';
import type { Slot } from './slots.ts';
import { isSayable, makeStaging } from './stage.ts';
import type { Staging } from './stage.ts';
import { copyFolder } from './work-copy.ts';

/** Everything of the host that a run sees, open. */
export interface GrantedMounts {
  /** Outer ones before those that lie in them. */
  readonly mounts: readonly OpenMount[];
  /** Bytes that were written into folders since; it stops counting where that is more than enough. */
  readonly writtenBytes: (enough: number) => Promise<number>;
  /** What changed in copies, as git's unified diff; null where there is no copy. */
  changes(): Promise<string | null>;
  close(): void;
}

/** Either the mounts, or why a grant cannot be given. */
export type Granting =
  | { readonly kind: 'granted'; readonly granted: GrantedMounts }
  | { readonly kind: 'refused'; readonly reason: string };

/** What grants are prepared with. */
export interface GrantingPlace {
  readonly slot: Slot;
  /** The run's own folder, which lasts as long as the run. */
  readonly folder: string;
  readonly workFolder: string;
  /** Host folder that is `/artifacts` inside. */
  readonly artifacts: string;
  /** See `SandboxHost.canStage`. */
  readonly canStage: boolean;
  readonly without: Without;
}

interface Preparation {
  readonly grants: readonly Grant[];
  readonly place: GrantingPlace;
  readonly mounts: OpenMount[];
  /** Folders of the host that the run may write into. */
  readonly writable: string[];
  readonly states: FolderState[];
}

interface Opened {
  readonly descriptor: number;
  readonly stats: Stats;
  readonly isReachable: boolean;
}

/** A grant that cannot be given; becomes the reason. */
class RefusedGrant extends Error {}

const PERMISSIONS = 0o777;

/**
 * Opens what a run is granted: every component looked at, copies made, mount points in writable folders checked.
 *
 * @param grants - without a fault, see `faultOfGrants`
 */
export async function openGrants(
  grants: readonly Grant[],
  place: GrantingPlace,
): Promise<Granting> {
  const preparation: Preparation = { grants, place, mounts: [], writable: [], states: [] };
  const { mounts, writable, states } = preparation;
  const close = (): void => {
    for (const { descriptor } of mounts.splice(0)) closeSync(descriptor);
  };
  try {
    addOwnFolders(preparation);
    for (const grant of grants) await addGrant(grant, preparation);
    mounts.sort((one, other) => one.path.length - other.path.length);
    const before = await sizeOf(writable);
    const granted: GrantedMounts = {
      mounts,
      writtenBytes: async (enough) => (await sizeOf(writable, before + enough)) - before,
      changes: async () => await allChanges(states),
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
  const { host } = grant;
  const { place, states } = preparation;
  if (!opened.stats.isDirectory()) {
    throw new RefusedGrant(`${host}: got a file to copy, expected a folder`);
  }
  const isShared = place.canStage && isSayable(place.folder);
  const laid = isShared ? await layOver(grant, opened, preparation) : undefined;
  const { state, mount, whole } = laid ?? (await copyWhole(grant, preparation));
  states.push(state);
  const replaced = preparation.mounts.pop();
  preparation.mounts.push(mount);
  if (replaced !== undefined && replaced.descriptor !== mount.descriptor) {
    closeSync(replaced.descriptor);
  }
  if (isRepository(host)) closeRepository({ ...grant, host: whole ?? host }, preparation);
}

interface CopyMade {
  readonly state: FolderState;
  readonly mount: OpenMount;
  /** Where the copy is, when it was made whole. */
  readonly whole?: string;
}

/** Lays a folder for changes over it; undefined where its file system does not have that. */
async function layOver(
  grant: Grant,
  { descriptor, stats }: Opened,
  preparation: Preparation,
): Promise<CopyMade | undefined> {
  const { place, states, writable } = preparation;
  const { slot, folder } = place;
  const [upper, work] = ['upper', 'work'].map((name) => join(folder, `${name}-${states.length}`));
  if (upper === undefined || work === undefined) throw new Error('two folders expected');
  mkdirSync(upper);
  chmodSync(upper, stats.mode & PERMISSIONS);
  mkdirSync(work);
  for (const inner of innerPaths(grant, preparation)) makeInner(upper, inner, slot);
  if (slot.uid !== null) chownSync(upper, slot.uid, slot.uid);
  const staging: Staging = {
    ...makeStaging(folder, slot.uid === null ? null : stats.uid, true),
    overlay: { upper, work },
  };
  const gitPlace = {
    gitFolder: join(folder, `git-over-${states.length}`),
    workFolder: staging.target,
    staged: { staging, descriptor, uid: slot.uid },
    isTrusting: place.without.has('own-git'),
  };
  try {
    const state = await noteFolder(gitPlace, isRepository(grant.host) ? grant.host : null);
    writable.push(upper);
    return { state, mount: { path: grant.path, isWritable: true, descriptor, staging } };
  } catch (error) {
    if (error instanceof Error && error.message.includes('stage: ')) return undefined;
    throw error;
  }
}

/** Copies it, sharing the blocks where the file system can. */
async function copyWhole(grant: Grant, preparation: Preparation): Promise<CopyMade> {
  const { host, path } = grant;
  const { place, states, writable } = preparation;
  const { slot, folder } = place;
  const copy = join(folder, `copy-${states.length}`);
  const left = innerPaths(grant, preparation);
  await copyFolder({ from: host, to: copy, left, uid: slot.uid });
  const gitFolder = join(folder, `git-${states.length}`);
  const state = await noteFolder(
    { gitFolder, workFolder: copy, staged: null, isTrusting: place.without.has('own-git') },
    isRepository(host) ? host : null,
  );
  writable.push(copy);
  const { descriptor } = open(copy, place);
  return { state, mount: { path, isWritable: true, descriptor, staging: null }, whole: copy };
}

/** Where other grants lie in this one. */
function innerPaths(grant: Grant, { grants }: Preparation): string[] {
  return grants
    .filter((other) => other !== grant && isAtOrBelow(other.path, grant.path))
    .map((other) => other.path.slice(grant.path.length + 1));
}

function makeInner(upper: string, inner: string, { uid }: Slot): void {
  let path = upper;
  for (const component of inner.split('/')) {
    path = join(path, component);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(path);
    if (uid !== null) chownSync(path, uid, uid);
  }
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

function checkMountPoints(host: string, inner: readonly string[], without: Without): void {
  if (without.has('link-checks')) return;
  for (const below of inner) {
    const fault = faultOfMountPoint(host, below, true);
    if (fault !== undefined) throw new RefusedGrant(fault);
  }
}

function open(host: string, { without }: GrantingPlace): Opened {
  const result = openPath(host, !without.has('link-checks'));
  if (result.kind === 'opened') return result;
  throw new RefusedGrant(result.reason);
}

async function sizeOf(folders: readonly string[], enough = Infinity): Promise<number> {
  let total = 0;
  for (const folder of folders) {
    if (total > enough) break;
    total += await folderSize(folder, enough - total);
  }
  return total;
}

async function allChanges(states: readonly FolderState[]): Promise<string | null> {
  if (states.length === 0) return null;
  const diffs: string[] = [];
  for (const state of states) diffs.push(await changesSince(state));
  return diffs.join('');
}
