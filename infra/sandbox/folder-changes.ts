import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { hostGit } from './host-git.ts';
import type { GitPlace } from './host-git.ts';

/** A folder as it was, to be told from what becomes of it. */
export interface FolderState {
  readonly place: GitPlace;
  /** Git's name of the tree. */
  readonly tree: string;
}

const DIFF_BYTES_MAX = 64 * 1024 * 1024;
const DEPTH_MAX = 256;
// Nobody's attributes count but these: as they are, bytes are bytes, and git judges by itself what is text.
const attributes = '* !diff -filter -text -ident -working-tree-encoding !merge\n';

/**
 * Notes how a folder is, with everything in it that git would not ignore.
 *
 * @param workFolder - looked at, not changed, but for other repositories in it, see {@link dropInnerRepositories}
 * @param gitFolder - made here, outside of it
 * @param origin - the repository it came from, whose objects need not be stored again; null for none
 */
export async function noteFolder({
  workFolder,
  gitFolder,
  origin,
}: {
  readonly workFolder: string;
  readonly gitFolder: string;
  readonly origin: string | null;
}): Promise<FolderState> {
  const place = { workFolder, gitFolder };
  mkdirSync(join(gitFolder, 'objects', 'info'), { recursive: true });
  mkdirSync(join(gitFolder, 'refs'));
  mkdirSync(join(gitFolder, 'info'));
  writeFileSync(join(gitFolder, 'HEAD'), 'ref: refs/heads/none\n');
  writeFileSync(join(gitFolder, 'config'), '[core]\n\trepositoryformatversion = 0\n');
  writeFileSync(join(gitFolder, 'info', 'attributes'), attributes);
  const objects = origin === null ? undefined : join(origin, '.git', 'objects');
  if (objects !== undefined && lstatSync(objects, { throwIfNoEntry: false })?.isDirectory()) {
    writeFileSync(join(gitFolder, 'objects', 'info', 'alternates'), `${objects}\n`);
  }
  await dropInnerRepositories(workFolder);
  return { place, tree: await treeOf(place) };
}

/**
 * Tells what changed since, as git's unified diff with binary parts.
 *
 * @throws Error when the diff is larger than 64 MiB: half a diff is none
 */
export async function changesSince({ place, tree }: FolderState): Promise<string> {
  await dropInnerRepositories(place.workFolder);
  const after = await treeOf(place);
  if (after === tree) return '';
  const compare = [
    'diff',
    '--binary',
    '--full-index',
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
  ];
  const ways = ['--no-renames', '--ignore-submodules=all', '--src-prefix=a/', '--dst-prefix=b/'];
  const { text, isCut } = await hostGit(place, [...compare, ...ways, tree, after], DIFF_BYTES_MAX);
  if (isCut) throw new Error(`changes: got more, expected at most ${DIFF_BYTES_MAX} bytes of diff`);
  return text;
}

async function treeOf(place: GitPlace): Promise<string> {
  await hostGit(place, ['add', '--all']);
  return (await hostGit(place, ['write-tree'])).text.trim();
}

/**
 * Removes the `.git` of repositories below the top of a copy: git would take each as one opaque thing, and whatever a
 * program changes in there would stay unseen.
 */
async function dropInnerRepositories(workFolder: string): Promise<void> {
  const open = [{ path: workFolder, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, depth } = next;
    if (depth > DEPTH_MAX) throw new Error(`${path}: expected at most ${DEPTH_MAX} folders`);
    for await (const entry of await opendir(path)) {
      const below = join(path, entry.name);
      if (entry.name === '.git') {
        if (depth > 0) await rm(below, { recursive: true, force: true });
      } else if (entry.isDirectory()) open.push({ path: below, depth: depth + 1 });
    }
  }
}

/** Whether a folder is the top of a repository. */
export function isRepository(folder: string): boolean {
  return existsSync(join(folder, '.git'));
}
