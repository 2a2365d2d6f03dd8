import { spawn } from 'node:child_process';

/** Where git keeps its own things, and which folder it looks at. */
export interface GitPlace {
  /** Outside of the folder, and nobody's but ours. */
  readonly gitFolder: string;
  readonly workFolder: string;
}

/** What git wrote; `isCut` when it was more than allowed. */
export interface GitOutput {
  readonly text: string;
  readonly isCut: boolean;
}

// Nothing that a folder's author wrote is run: git knows neither the folder's own settings nor anybody else's.
const quiet = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.attributesFile=/dev/null'],
  ...['core.excludesFile=/dev/null', 'core.untrackedCache=false', 'core.autocrlf=false'],
  ...['core.quotePath=true', 'core.fileMode=true', 'core.symlinks=true', 'core.preloadIndex=true'],
  ...['gc.auto=0', 'maintenance.auto=false', 'submodule.recurse=false', 'diff.noprefix=false'],
  ...[
    'protocol.allow=never',
    'core.pager=cat',
    'core.looseCompression=0',
    'core.bigFileThreshold=16m',
  ],
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
const ERROR_BYTES_MAX = 4096;
const TIME_MS_MAX = 10 * 60 * 1000;

/**
 * Runs git of the host over a folder that a program may have written to.
 *
 * @param bytesMax - how much of what git writes is kept
 * @throws Error when git fails, with its words
 */
export async function hostGit(
  { gitFolder, workFolder }: GitPlace,
  args: readonly string[],
  bytesMax = 1024 * 1024,
): Promise<GitOutput> {
  const whole = [`--git-dir=${gitFolder}`, `--work-tree=${workFolder}`, ...quiet, ...args];
  const child = spawn('git', whole, {
    cwd: workFolder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIME_MS_MAX,
    killSignal: 'SIGKILL',
  });
  const parts: Buffer[] = [];
  let left = bytesMax;
  let isCut = false;
  let told = '';
  child.stdout.on('data', (bytes: Buffer) => {
    const part = bytes.subarray(0, left);
    parts.push(part);
    left -= part.length;
    isCut ||= part.length < bytes.length;
  });
  child.stderr.on('data', (bytes: Buffer) => {
    if (told.length < ERROR_BYTES_MAX) told += bytes.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw new Error(`git ${args[0] ?? ''}: ended with ${String(code)}: ${told.trim()}`);
  return { text: Buffer.concat(parts).toString('utf8'), isCut };
}
