import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gitCompare, gitSnapshot } from './host-git.ts';
import type { GitPlace } from './host-git.ts';
import type { Errand } from './host-program.ts';

/** A folder as it was, to be told from what becomes of it. */
export interface FolderState {
  readonly place: GitPlace;
  /** Git's name of the tree. */
  readonly tree: string;
  readonly only: readonly string[] | null;
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
 * @param source - what is known of it
 * @param source.origin - the repository it came from, whose objects need not be stored again; null for none
 * @param source.only - names at its top, where nothing else can change; null for everything
 */
export async function noteFolder(
  place: GitPlace,
  { origin, only }: { readonly origin: string | null; readonly only: readonly string[] | null },
  errand: Errand,
): Promise<FolderState> {
  const { gitFolder } = place;
  mkdirSync(join(gitFolder, 'objects', 'info'), { recursive: true });
  mkdirSync(join(gitFolder, 'refs'));
  mkdirSync(join(gitFolder, 'info'));
  writeFileSync(join(gitFolder, 'HEAD'), 'ref: refs/heads/none\n');
  writeFileSync(join(gitFolder, 'config'), '[core]\n\trepositoryformatversion = 0\n');
  writeAttributes(gitFolder, asText);
  if (only !== null) writeFileSync(join(gitFolder, 'info', 'exclude'), allBut(only));
  const objects = origin === null ? undefined : objectsOf(origin);
  if (objects !== undefined) {
    writeFileSync(join(gitFolder, 'objects', 'info', 'alternates'), `${objects}\n`);
  }
  return { place, tree: await gitSnapshot(place, null, errand), only };
}

/**
 * Tells what changed since, as git's unified diff with binary parts.
 *
 * @throws Error when git fails, or the diff is larger than 64 MiB: half a diff is none
 */
export async function changesSince(state: FolderState, errand: Errand): Promise<string> {
  const { place, tree } = state;
  const after = await gitSnapshot(place, tree, errand);
  if (after === tree) return '';
  const parts = partsOf(await compare(state, after, errand));
  if (parts.every(isUtf8)) return Buffer.concat(parts).toString('utf8');
  // What git takes for text without being our text cannot be told in it: that part is told as binary.
  writeAttributes(place.gitFolder, asBinary);
  const others = partsOf(await compare(state, after, errand));
  return parts
    .map((part, index) => ((isUtf8(part) ? part : others[index]) ?? part).toString('utf8'))
    .join('');
}

async function compare(
  { place, tree, only }: FolderState,
  after: string,
  errand: Errand,
): Promise<Buffer> {
  const what = { trees: [tree, after], only, bytesMax: DIFF_BYTES_MAX } as const;
  const { bytes, isCut } = await gitCompare(place, what, errand);
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

/** Spares git the rest; what a program's own `.gitignore` brings back of that is not compared, see `gitCompare`. */
function allBut(names: readonly string[]): string {
  const kept = names.map((name) => `!/${name.replaceAll(/[\\*?[\] ]/g, '\\$&')}\n`);
  return `/*\n${kept.join('')}`;
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
