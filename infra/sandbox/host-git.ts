import { runHostProgram } from './host-program.ts';
import type { Errand, ProgramOutput } from './host-program.ts';
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

// Nothing that a folder's author wrote is run: git knows neither the folder's own settings nor anybody else's.
const quiet = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.attributesFile=/dev/null'],
  ...['core.excludesFile=/dev/null', 'core.untrackedCache=false', 'core.autocrlf=false'],
  ...['core.quotePath=true', 'core.fileMode=true', 'core.symlinks=true', 'core.preloadIndex=true'],
  ...['gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false', 'diff.noprefix=false'],
  ...['protocol.allow=never', 'core.pager=cat', 'core.looseCompression=0', 'core.fsync=none'],
  'pack.compression=0',
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
// Nothing that was noted is held for unchanged by its times: git looks at their seconds only, and a program can set one of them back.
// Repositories below the top go where there are any: git takes each as one opaque thing, or refuses it, and changes in
// there would stay unseen. So do pipes and sockets: git passes over them, but not in the place of a file that was noted.
// The first try is what nearly all need; a walk over everything is for the others.
const snapshot = `
cd -- "$0" || exit
noted=$1
shift
inner() { git "$@" ls-files --stage | grep -q '^160000 '; }
git "$@" read-tree "$noted" || exit
if ! git "$@" add --all 2>/dev/null || inner "$@"; then
  find . -mindepth 2 -name .git -prune -exec rm -rf -- '{}' +
  find . -path ./.git -prune -o ! -type f ! -type d ! -type l -exec rm -f -- '{}' +
  git "$@" read-tree "$noted" && git "$@" add --all || exit
fi
git "$@" write-tree
`;
const STAGED_DESCRIPTOR = 3;

/**
 * Notes everything in a folder that git would not ignore, or that was noted before, in one tree. Every file is read.
 *
 * @param place - where it is noted
 * @param noted - the tree that was noted before; null for the first time
 * @param errand - what may end it
 * @returns git's name of the tree
 * @throws as `runHostProgram` does
 */
export async function gitSnapshot(
  place: GitPlace,
  noted: string | null,
  errand: Errand,
): Promise<string> {
  const { workFolder, staged, isTrusting = false } = place;
  // The folder's own repository need not have the tree.
  const start = isTrusting || noted === null ? '--empty' : noted;
  const command = ['/bin/sh', '-c', snapshot, workFolder, start, ...ways(place)];
  if (staged === null) return nameOf(await runHostProgram(command, errand, { env: environment }));
  const options = { env: environment, descriptor: staged.descriptor };
  return nameOf(await runHostProgram(inStage(staged, command), errand, options));
}

/**
 * Compares two trees that were noted.
 *
 * @param place - where both were noted
 * @param compared - which, and what of them
 * @param compared.trees - git's names of them, the earlier one first
 * @param compared.only - names at the top that count; null for all
 * @param compared.bytesMax - how much of the diff is kept
 * @throws as `runHostProgram` does
 */
export async function gitCompare(
  place: GitPlace,
  {
    trees,
    only,
    bytesMax,
  }: {
    readonly trees: readonly [string, string];
    readonly only: readonly string[] | null;
    readonly bytesMax: number;
  },
  errand: Errand,
): Promise<ProgramOutput> {
  const form = ['--binary', '--full-index', '--no-color', '--no-ext-diff', '--no-textconv'];
  const scope = ['--no-renames', '--ignore-submodules=all', '--src-prefix=a/', '--dst-prefix=b/'];
  const command = ['git', '--literal-pathspecs', ...ways(place), 'diff-tree', '-r', '-p'];
  return await runHostProgram(
    [...command, ...form, ...scope, ...trees, '--', ...(only ?? [])],
    errand,
    { env: environment, bytesMax },
  );
}

/**
 * The command that runs another one, by an absolute path, where a folder is mounted; the folder's descriptor has to be its
 * third.
 */
export function inStage({ staging, uid }: StagedFolder, command: readonly string[]): string[] {
  const [program = '', ...args] = command;
  const mount = { ...staging, descriptor: STAGED_DESCRIPTOR };
  const first = STAGED_DESCRIPTOR + 1;
  const stage = stagedCommand([mount], { uid, first });
  return [...stage, program, program, ...args];
}

function nameOf({ bytes }: ProgramOutput): string {
  return bytes.toString('latin1').trim();
}

function ways({ gitFolder, workFolder, isTrusting = false }: GitPlace): string[] {
  if (isTrusting) return ['-C', workFolder, '-c', 'safe.directory=*'];
  return [`--git-dir=${gitFolder}`, `--work-tree=${workFolder}`, ...quiet];
}
