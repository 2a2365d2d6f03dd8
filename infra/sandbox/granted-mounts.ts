import { closeSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { Grant } from '../../domain/sandbox/run.ts';
import type { OpenMount } from './contained-run.ts';
import { changesSince, isRepository, noteFolder } from './folder-changes.ts';
import type { FolderState } from './folder-changes.ts';
import { folderSize } from './folder-size.ts';
import { faultOfMountPoint, isAtOrBelow, openPath } from './grants.ts';
import type { Without } from './protections.ts';
import { makeWritableFolder } from './run-folder.ts';
import type { Slot } from './slots.ts';
import { copyFolder } from './work-copy.ts';

/** Everything of the host that a run sees, open. */
export interface GrantedMounts {
  /** Outer ones before those that lie in them. */
  readonly mounts: readonly OpenMount[];
  /** Bytes that were written into folders since. */
  writtenBytes(): Promise<number>;
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
  readonly without: Without;
}

interface Prepared {
  readonly mounts: OpenMount[];
  /** Folders of the host that the run may write into. */
  readonly writable: string[];
  readonly states: FolderState[];
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
  const prepared: Prepared = { mounts: [], writable: [], states: [] };
  const close = (): void => {
    for (const { descriptor } of prepared.mounts.splice(0)) closeSync(descriptor);
  };
  try {
    addOwnFolders(grants, place, prepared);
    for (const grant of grants.toSorted((one, other) => one.path.length - other.path.length)) {
      await addGrant(grant, { grants, place, prepared });
    }
    prepared.mounts.sort((one, other) => one.path.length - other.path.length);
    const before = await sizeOf(prepared.writable);
    return {
      kind: 'granted',
      granted: {
        mounts: prepared.mounts,
        writtenBytes: async () => (await sizeOf(prepared.writable)) - before,
        changes: async () => await allChanges(prepared.states),
        close,
      },
    };
  } catch (error) {
    close();
    if (error instanceof RefusedGrant) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

function addOwnFolders(
  grants: readonly Grant[],
  { slot, folder, workFolder, artifacts, without }: GrantingPlace,
  prepared: Prepared,
): void {
  const isCovered = grants.some(({ path }) => isAtOrBelow(workFolder, path));
  const isTemporary = isAtOrBelow(workFolder, '/tmp');
  const own = [{ path: '/artifacts', host: artifacts }];
  if (!isCovered && !isTemporary) {
    own.push({ path: workFolder, host: makeWritableFolder(folder, 'work', slot) });
  }
  for (const { path, host } of own) {
    prepared.mounts.push({ path, isWritable: true, descriptor: open(host, without) });
    prepared.writable.push(host);
  }
}

async function addGrant(
  grant: Grant,
  {
    grants,
    place,
    prepared,
  }: {
    readonly grants: readonly Grant[];
    readonly place: GrantingPlace;
    readonly prepared: Prepared;
  },
): Promise<void> {
  const { path, mode } = grant;
  const descriptor = open(grant.host, place.without);
  prepared.mounts.push({ path, isWritable: mode === 'write', descriptor });
  const inner = grants
    .filter((other) => other !== grant && isAtOrBelow(other.path, path))
    .map((other) => other.path.slice(path.length + 1));
  if (mode === 'read') return;
  const isFolder = lstatSync(grant.host).isDirectory();
  if (mode === 'write') {
    prepared.writable.push(grant.host);
    checkMountPoints(grant.host, inner, place.without);
    if (isFolder && isRepository(grant.host)) closeRepository(grant.host, path, prepared, place);
    return;
  }
  if (!isFolder) throw new RefusedGrant(`${grant.host}: got a file to copy, expected a folder`);
  await addCopy(grant, { inner, place, prepared });
}

async function addCopy(
  { host, path }: Grant,
  {
    inner,
    place,
    prepared,
  }: {
    readonly inner: readonly string[];
    readonly place: GrantingPlace;
    readonly prepared: Prepared;
  },
): Promise<void> {
  const copy = join(place.folder, `copy-${prepared.states.length}`);
  const isOfGit = isRepository(host);
  await copyFolder({ from: host, to: copy, left: [...inner, '.git'], uid: place.slot.uid });
  const state = await noteFolder({
    workFolder: copy,
    gitFolder: join(place.folder, `git-${prepared.states.length}`),
    origin: isOfGit ? host : null,
  });
  prepared.states.push(state);
  prepared.writable.push(copy);
  const last = prepared.mounts.pop();
  if (last !== undefined) closeSync(last.descriptor);
  prepared.mounts.push({ path, isWritable: true, descriptor: open(copy, place.without) });
  if (isOfGit) closeRepository(host, path, prepared, place);
}

/** Shows a repository's own folder read-only: what is written there, git of the host would run. */
function closeRepository(
  host: string,
  path: string,
  prepared: Prepared,
  { without }: GrantingPlace,
): void {
  if (without.has('closed-repository')) return;
  const descriptor = open(join(host, '.git'), without);
  prepared.mounts.push({ path: join(path, '.git'), isWritable: false, descriptor });
}

function checkMountPoints(host: string, inner: readonly string[], without: Without): void {
  for (const below of inner) {
    const fault = faultOfMountPoint(host, below, true);
    if (fault !== undefined && !without.has('link-checks')) throw new RefusedGrant(fault);
  }
}

function open(host: string, without: Without): number {
  const result = openPath(host, !without.has('link-checks'));
  if (result.kind === 'opened') return result.descriptor;
  throw new RefusedGrant(result.reason);
}

async function sizeOf(folders: readonly string[]): Promise<number> {
  let total = 0;
  for (const folder of folders) total += await folderSize(folder);
  return total;
}

async function allChanges(states: readonly FolderState[]): Promise<string | null> {
  if (states.length === 0) return null;
  const diffs: string[] = [];
  for (const state of states) diffs.push(await changesSince(state));
  return diffs.join('');
}
