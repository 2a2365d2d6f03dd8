import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { runHostProgram } from './host-program.ts';
import type { Errand } from './host-program.ts';
import { makeInnerPlace } from './inner-path.ts';
import type { InnerPath } from './inner-path.ts';

const ENTRIES_AT_ONCE = 1000;

/** What is copied, and for whom. */
export interface FolderCopy {
  /** Checked already: no component of it is a link. */
  readonly from: string;
  /** Made by the copying. */
  readonly to: string;
  /** What is not copied: something else is mounted there, and a place for it stands in its stead. */
  readonly left: readonly InnerPath[];
  /** Whose the copy is; null for the engine's own. */
  readonly uid: number | null;
}

/**
 * Copies a folder for a run, sharing the blocks where the file system can, so that the run may change its own copy.
 *
 * @throws the errand's reason where that ended it: half a copy is there then
 */
export async function copyFolder(
  { from, to, left, uid }: FolderCopy,
  errand: Errand,
): Promise<void> {
  await copyBelow(from, to, { left: left.map(({ below }) => below), errand });
  for (const inner of left) makeInnerPlace(to, inner, null);
  if (uid !== null) await runHostProgram(['chown', '-hR', `${uid}:${uid}`, '--', to], errand);
}

async function copyBelow(
  from: string,
  to: string,
  { left, errand }: { readonly left: readonly string[]; readonly errand: Errand },
): Promise<void> {
  mkdirSync(to);
  chmodSync(to, (lstatSync(from).mode & 0o777) | 0o700);
  const heads = new Map<string, string[]>();
  for (const path of left) {
    const [head = '', ...rest] = path.split('/');
    heads.set(head, [...(heads.get(head) ?? []), rest.join('/')]);
  }
  const whole = readdirSync(from).filter((name) => !heads.has(name));
  for (let at = 0; at < whole.length; at += ENTRIES_AT_ONCE) {
    const sources = whole.slice(at, at + ENTRIES_AT_ONCE).map((name) => join(from, name));
    const keep = '--preserve=mode,timestamps,links';
    const args = ['-R', '--no-dereference', keep, '--reflink=auto', '-t', to, '--', ...sources];
    await runHostProgram(['cp', ...args], errand);
  }
  for (const [head, rests] of heads) {
    const inner = join(from, head);
    const isFolder = lstatSync(inner, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder && !rests.includes('')) {
      await copyBelow(inner, join(to, head), { left: rests, errand });
    }
  }
}
