import { isUtf8 } from 'node:buffer';
import { chmodSync, chownSync, mkdirSync, opendirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';

import { changesSince, isRepository, noteFolder } from './folder-changes.ts';
import { inStage } from './host-git.ts';
import type { GitPlace } from './host-git.ts';
import { runHostProgram } from './host-program.ts';
import type { Errand } from './host-program.ts';
import { makeInnerPlace } from './inner-path.ts';
import type { InnerPath } from './inner-path.ts';
import type { Without } from './protections.ts';
import type { Slot } from './slots.ts';
import { isSayable, makeStaging } from './stage.ts';
import type { Staging } from './stage.ts';
import { copyFolder } from './work-copy.ts';

/** A folder of the host that a run has a copy of. */
export interface CopiedFolder {
  /** Checked already: no component of it is a link. */
  readonly host: string;
  readonly descriptor: number;
  readonly stats: Stats;
  /** Among the copies of the run. */
  readonly number: number;
  /** What else is mounted in it. */
  readonly inner: readonly InnerPath[];
}

/** What copies are made with. */
export interface CopyPlace {
  readonly slot: Slot;
  /** The run's own folder, which lasts as long as the run. */
  readonly folder: string;
  /** See `SandboxHost.canStage`. */
  readonly canStage: boolean;
  readonly without: Without;
  /** Ends the preparation, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Tells what changed, as git's unified diff; the signal ends the looking, with its reason. */
export type Changes = (signal?: AbortSignal) => Promise<string>;

/** A copy that was made whole. */
export interface WholeCopy {
  readonly kind: 'whole';
  /** The copy. */
  readonly written: string;
  readonly changes: Changes;
}

/** A folder for changes, laid over the one that is copied. */
export interface LaidCopy {
  readonly kind: 'laid';
  /** The folder for changes. */
  readonly written: string;
  readonly staging: Staging;
  readonly changes: Changes;
}

const PERMISSIONS = 0o777;
// Beyond that git takes longer to compare names than to look at files.
const NAMES_MAX = 500;
const UNSAYABLE = /[\n\r]/;

/**
 * Lays a folder for changes over another one. What changed is found out from those names at the top that the program touched:
 * nothing else can have, whatever its size.
 *
 * @returns undefined where that cannot be done here, or not over its file system
 */
export async function layOver(
  copied: CopiedFolder,
  place: CopyPlace,
): Promise<LaidCopy | undefined> {
  const { host, descriptor } = copied;
  const { slot, folder, signal } = place;
  if (!place.canStage || !isSayable(folder)) return undefined;
  // Another one over the same folder shows how that was: neither sees what is written to the other.
  const [staging, original] = [
    stagingOver(copied, place, 'changes'),
    stagingOver(copied, place, 'none'),
  ];
  const staged = { staging: original, descriptor, uid: slot.uid };
  if (!(await canMount(staged, { slot: slot.name, signal }))) return undefined;
  const gitFolder = join(folder, `git-over-${copied.number}`);
  const viewOf = (view: Staging): GitPlace => ({
    gitFolder,
    workFolder: view.target,
    staged: { ...staged, staging: view },
    isTrusting: place.without.has('own-git'),
  });
  const written = staging.overlay.upper;
  return {
    kind: 'laid',
    written,
    staging,
    changes: async (ending) => {
      const touched = namesIn(written);
      if (touched.length === 0) return '';
      const errand = { slot: slot.name, signal: ending };
      const source = { origin: isRepository(host) ? host : null, only: sayable(touched) };
      const before = await noteFolder(viewOf(original), source, errand);
      return await changesSince({ ...before, place: viewOf(staging) }, errand);
    },
  };
}

/** Copies a folder, sharing the blocks where the file system can. */
export async function copyWhole(copied: CopiedFolder, place: CopyPlace): Promise<WholeCopy> {
  const { host, inner, number } = copied;
  const { slot, folder, signal } = place;
  const copy = join(folder, `copy-${number}`);
  const errand = { slot: slot.name, signal };
  await copyFolder({ from: host, to: copy, left: inner, uid: slot.uid }, errand);
  const state = await noteFolder(
    {
      gitFolder: join(folder, `git-${number}`),
      workFolder: copy,
      staged: null,
      isTrusting: place.without.has('own-git'),
    },
    { origin: isRepository(host) ? host : null, only: null },
    errand,
  );
  return {
    kind: 'whole',
    written: copy,
    changes: async (ending) => await changesSince(state, { slot: slot.name, signal: ending }),
  };
}

function stagingOver(
  { stats, number, inner }: CopiedFolder,
  { slot, folder }: CopyPlace,
  name: string,
): Staging & { readonly overlay: NonNullable<Staging['overlay']> } {
  const upper = join(folder, `${name}-${number}`);
  const work = `${upper}-work`;
  mkdirSync(upper);
  chmodSync(upper, stats.mode & PERMISSIONS);
  mkdirSync(work);
  for (const each of inner) makeInnerPlace(upper, each, slot.uid);
  if (slot.uid !== null) chownSync(upper, slot.uid, slot.uid);
  const staging = makeStaging(folder, slot.uid === null ? null : stats.uid, true);
  return { ...staging, overlay: { upper, work } };
}

/** Whether a folder can be seen so: its file system, or a container's rules, may not have that. */
async function canMount(staged: Parameters<typeof inStage>[0], errand: Errand): Promise<boolean> {
  const { descriptor } = staged;
  try {
    await runHostProgram(inStage(staged, ['/bin/true']), errand, { descriptor });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('stage: ')) return false;
    throw error;
  }
}

/** Names of what lies at the top of a folder, as bytes; one more than git can be told is enough. */
function namesIn(folder: string): readonly Buffer[] {
  const names: Buffer[] = [];
  const listing = opendirSync(folder, { encoding: 'latin1' });
  try {
    let entry = listing.readSync();
    for (; entry !== null && names.length <= NAMES_MAX; entry = listing.readSync()) {
      names.push(Buffer.from(entry.name, 'latin1'));
    }
  } finally {
    listing.closeSync();
  }
  return names;
}

/** Names as git can be told them; null where it cannot, and looks at everything. */
function sayable(names: readonly Buffer[]): readonly string[] | null {
  if (names.length > NAMES_MAX || !names.every((name) => isUtf8(name))) return null;
  const texts = names.map((name) => name.toString('utf8'));
  return texts.some((text) => UNSAYABLE.test(text)) ? null : texts;
}
