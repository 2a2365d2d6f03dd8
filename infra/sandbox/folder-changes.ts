import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitCompare, gitSnapshot } from './host-git.ts';
import type { GitPlace } from './host-git.ts';

/** A folder as it was, to be told from what becomes of it. */
export interface FolderState {
  readonly place: GitPlace;
  /** Git's name of the tree. */
  readonly tree: string;
}

const NEW_LINE = 0x0a;
const DIFF_BYTES_MAX = 64 * 1024 * 1024;
// Nobody's attributes count but these: as they are, bytes are bytes, and git judges by itself what is text.
const attributes = '-filter -text -ident -working-tree-encoding !merge';
const asText = `* !diff ${attributes}\n`;
const asBinary = `* -diff ${attributes}\n`;
const header = Buffer.from('diff --git ');

/**
 * Notes how a copy is, with everything in it that git would not ignore. Other repositories in it lose their `.git`.
 *
 * @param place - its git folder is made here
 * @param origin - the repository it came from, whose objects need not be stored again; null for none
 */
export async function noteFolder(place: GitPlace, origin: string | null): Promise<FolderState> {
  const { gitFolder } = place;
  mkdirSync(join(gitFolder, 'objects', 'info'), { recursive: true });
  mkdirSync(join(gitFolder, 'refs'));
  mkdirSync(join(gitFolder, 'info'));
  writeFileSync(join(gitFolder, 'HEAD'), 'ref: refs/heads/none\n');
  writeFileSync(join(gitFolder, 'config'), '[core]\n\trepositoryformatversion = 0\n');
  writeAttributes(gitFolder, asText);
  const objects = origin === null ? undefined : objectsOf(origin);
  if (objects !== undefined) {
    writeFileSync(join(gitFolder, 'objects', 'info', 'alternates'), `${objects}\n`);
  }
  return { place, tree: await gitSnapshot(place) };
}

/**
 * Tells what changed since, as git's unified diff with binary parts.
 *
 * @throws Error when git fails, or the diff is larger than 64 MiB: half a diff is none
 */
export async function changesSince({ place, tree }: FolderState): Promise<string> {
  const after = await gitSnapshot(place);
  if (after === tree) return '';
  const parts = partsOf(await compare(place, [tree, after]));
  if (parts.every(isUtf8)) return Buffer.concat(parts).toString('utf8');
  // What git takes for text without being our text cannot be told in it: that part is told as binary.
  writeAttributes(place.gitFolder, asBinary);
  const others = partsOf(await compare(place, [tree, after]));
  return parts
    .map((part, index) => ((isUtf8(part) ? part : others[index]) ?? part).toString('utf8'))
    .join('');
}

async function compare(place: GitPlace, trees: readonly [string, string]): Promise<Buffer> {
  const { bytes, isCut } = await gitCompare(place, trees, DIFF_BYTES_MAX);
  if (isCut) throw new Error(`got more, expected at most ${DIFF_BYTES_MAX} bytes of diff`);
  return bytes;
}

/** Parts a diff into those of its files: no line within one begins as their headers do. */
function partsOf(diff: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = diff.indexOf(header); at !== -1; at = diff.indexOf(header, at + 1)) {
    if (at === 0 || diff[at - 1] === NEW_LINE) starts.push(at);
  }
  return starts.map((start, index) => diff.subarray(start, starts[index + 1] ?? diff.length));
}

function writeAttributes(gitFolder: string, text: string): void {
  writeFileSync(join(gitFolder, 'info', 'attributes'), text);
}

/** Where a repository keeps its objects; undefined where `.git` only says where they are, and nobody knows who wrote it. */
function objectsOf(repository: string): string | undefined {
  const folders = [join(repository, '.git'), join(repository, '.git', 'objects')];
  const areFolders = folders.every((each) => {
    return lstatSync(each, { throwIfNoEntry: false })?.isDirectory() === true;
  });
  return areFolders && !/[\n"]/.test(repository) ? folders[1] : undefined;
}

/** Whether a folder is the top of a repository. */
export function isRepository(folder: string): boolean {
  return existsSync(join(folder, '.git'));
}
