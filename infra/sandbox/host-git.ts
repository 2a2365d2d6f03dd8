import { spawn } from 'node:child_process';

import { stagedCommand } from './stage.ts';
import type { Staging } from './stage.ts';

/** Where git keeps its own things, and which folder it looks at. */
export interface GitPlace {
  /** Outside of the folder, and nobody's but ours. */
  readonly gitFolder: string;
  readonly workFolder: string;
  /** Where the folder is seen only through a mount: that mount, and a descriptor of what lies below it. */
  readonly staged: StagedFolder | null;
  /** Takes the folder's own repository and settings, to show in a test what ours are for. */
  readonly isTrusting?: boolean;
}

/** See {@link GitPlace}. */
export interface StagedFolder {
  readonly staging: Staging;
  readonly descriptor: number;
  readonly uid: number | null;
}

/** What git wrote; `isCut` when it was more than allowed. */
export interface GitOutput {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

// Nothing that a folder's author wrote is run: git knows neither the folder's own settings nor anybody else's.
const quiet = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.attributesFile=/dev/null'],
  ...['core.excludesFile=/dev/null', 'core.untrackedCache=false', 'core.autocrlf=false'],
  ...['core.quotePath=true', 'core.fileMode=true', 'core.symlinks=true', 'core.preloadIndex=true'],
  ...['gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false', 'diff.noprefix=false'],
  ...['protocol.allow=never', 'core.pager=cat', 'core.looseCompression=0'],
  // Names that only other systems take for `.git`.
  ...['core.protectNTFS=false', 'core.protectHFS=false'],
].flatMap((setting) => ['-c', setting]);

const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_CEILING_DIRECTORIES: '/',
};
// Repositories below the top go where there are any: git takes each as one opaque thing, or refuses it, and changes in
// there would stay unseen. The first try is what nearly all need; a walk over everything is for the others.
const snapshot = `
cd -- "$0" || exit
inner() { git "$@" ls-files --stage | grep -q '^160000 '; }
if ! git "$@" add --all 2>/dev/null || inner "$@"; then
  find . -mindepth 2 -name .git -prune -exec rm -rf -- '{}' +
  git "$@" read-tree --empty && git "$@" add --all || exit
fi
git "$@" write-tree
`;
const ERROR_BYTES_MAX = 4096;
const NAME_BYTES_MAX = 1024;
const TIME_MS_MAX = 10 * 60 * 1000;
const STAGED_DESCRIPTOR = 3;

/**
 * Notes everything in a folder that git would not ignore, in one tree.
 *
 * @returns git's name of the tree
 * @throws Error when git fails, with its words
 */
export async function gitSnapshot(place: GitPlace): Promise<string> {
  const { workFolder, staged } = place;
  const command = ['/bin/sh', '-c', snapshot, workFolder, ...ways(place)];
  if (staged === null) return nameOf(await run(command, null, NAME_BYTES_MAX));
  const { staging, descriptor, uid } = staged;
  const mount = { ...staging, descriptor: STAGED_DESCRIPTOR };
  const first = STAGED_DESCRIPTOR + 1;
  const [shell = '', ...args] = command;
  const stage = stagedCommand([mount], { uid, first });
  return nameOf(await run([...stage, shell, shell, ...args], descriptor, NAME_BYTES_MAX));
}

/**
 * Compares two trees that were noted.
 *
 * @param place - where both were noted
 * @param trees - git's names of them, the earlier one first
 * @param bytesMax - how much of the diff is kept
 * @throws Error when git fails, with its words
 */
export async function gitCompare(
  place: GitPlace,
  trees: readonly [string, string],
  bytesMax: number,
): Promise<GitOutput> {
  const form = ['--binary', '--full-index', '--no-color', '--no-ext-diff', '--no-textconv'];
  const scope = ['--no-renames', '--ignore-submodules=all', '--src-prefix=a/', '--dst-prefix=b/'];
  const command = ['git', ...ways(place), 'diff-tree', '-r', '-p', ...form, ...scope];
  return await run([...command, ...trees], null, bytesMax);
}

function nameOf({ bytes }: GitOutput): string {
  return bytes.toString('latin1').trim();
}

function ways({ gitFolder, workFolder, isTrusting = false }: GitPlace): string[] {
  if (isTrusting) return ['-C', workFolder, '-c', 'safe.directory=*'];
  return [`--git-dir=${gitFolder}`, `--work-tree=${workFolder}`, ...quiet];
}

async function run(
  [program = '', ...args]: readonly string[],
  descriptor: number | null,
  bytesMax: number,
): Promise<GitOutput> {
  const child = spawn(program, args, {
    cwd: '/',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', descriptor ?? 'ignore'],
    timeout: TIME_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const parts: Buffer[] = [];
  let left = bytesMax;
  let isCut = false;
  let told = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    const part = bytes.subarray(0, left);
    parts.push(part);
    left -= part.length;
    isCut ||= part.length < bytes.length;
  });
  child.stderr?.on('data', (bytes: Buffer) => {
    if (told.length < ERROR_BYTES_MAX) told += bytes.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`git: ended with ${String(code)}: ${told.trim()}`);
  return { bytes: Buffer.concat(parts), isCut };
}
