import { execFile, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, createWriteStream, existsSync } from 'node:fs';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { Environment } from '../config.ts';
import { PROJECT_FOLDER } from './program-part.ts';
import { isAlive } from './run-files.ts';
import type { Tool, ToolSearch } from './tools.ts';

const ANSWER_WITHIN_MS = 5_000;
const DOWNLOAD_WITHIN_MS = 300_000;
const BUILD_WITHIN_MS = 1_800_000;
const VERSION_WITHIN_MS = 15_000;
const PROGRESS_EVERY_MS = 15_000;
const LOCK_LOOK_EVERY_MS = 500;
const LOCK_WRITTEN_WITHIN_MS = 5_000;
const LOCK_WAIT_MAX_MS = DOWNLOAD_WITHIN_MS + BUILD_WITHIN_MS;

const GO = 'go'; // found on PATH, like tar

const run = promisify(execFile);

/** Describes how a tool is looked for and got on this machine. */
export function toolSearch(
  tool: Tool,
  options: {
    explicit: string | undefined;
    env: Environment;
    /** Told one line per step that takes time. */
    report: (line: string) => void;
    /** Ends a download or a build that is under way. */
    signal: AbortSignal;
  },
): ToolSearch {
  const cache = cacheFolder(options.env);
  const cached = join(cache, `${tool.name}-${tool.release}`);
  const folders = (options.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const get = async (step: (temporary: string) => Promise<void>): Promise<string | undefined> => {
    try {
      mkdirSync(cache, { recursive: true });
      await alone(cached, options.signal, async () => {
        const workplace = mkdtempSync(join(cache, `.${tool.name}-`));
        try {
          const temporary = join(workplace, tool.name);
          await step(temporary);
          chmodSync(temporary, 0o755);
          renameSync(temporary, cached);
        } finally {
          rmSync(workplace, { recursive: true, force: true });
        }
      });
      return undefined;
    } catch (error) {
      return explain(error);
    }
  };
  return {
    explicit: options.explicit,
    onPath: folders.map((folder) => join(folder, tool.name)),
    cached,
    versionOutput: async (path) => await versionOutput(path, options.env),
    download: async () =>
      await get(async (path) => {
        await download(tool, path, options);
      }),
    build: async () =>
      await get(async (path) => {
        await build(tool, path, options);
      }),
  };
}

/** Where tools are kept between projects. */
export function cacheFolder(env: Environment): string {
  const base = env['XDG_CACHE_HOME'];
  return join(
    base === undefined || base === '' ? join(homedir(), '.cache') : base,
    'conclave',
    'bin',
  );
}

async function versionOutput(path: string, env: Environment): Promise<string | undefined> {
  if (!isExecutable(path)) return undefined;
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_WITHIN_MS, env });
    return stdout;
  } catch {
    return undefined; // built for another system, or no such program at all
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

interface Errand {
  readonly env: Environment;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

async function download(tool: Tool, path: string, { report, signal }: Errand): Promise<void> {
  const url = tool.releaseUrl(process.platform, process.arch);
  if (url === undefined) throw new Error(`no release for ${process.platform} ${process.arch}`);
  report(`${tool.name}: downloading release ${tool.release} from ${new URL(url).host} …`);
  const stop = new AbortController();
  const patience = setTimeout(() => {
    stop.abort(new Error('no answer within 5 s'));
  }, ANSWER_WITHIN_MS);
  const response = await fetch(url, { signal: AbortSignal.any([stop.signal, signal]) }).finally(
    () => {
      clearTimeout(patience);
    },
  );
  if (!response.ok || response.body === null) {
    throw new Error(`answered with status ${String(response.status)}`);
  }
  const archive = `${path}.tar.gz`;
  const body = Readable.fromWeb(response.body);
  await pipeline(body, createWriteStream(archive), {
    signal: AbortSignal.any([AbortSignal.timeout(DOWNLOAD_WITHIN_MS), signal]),
  });
  const folder = dirname(path);
  await run('tar', ['-xzf', archive, '-C', folder]);
  if (existsSync(path)) return;
  // Some releases pack the program inside a folder of their own.
  const { stdout } = await run('tar', ['-tzf', archive]);
  const inside = stdout.split('\n').find((entry) => entry.endsWith(`/${tool.name}`));
  if (inside === undefined) throw new Error(`the archive holds no ${tool.name}`);
  renameSync(join(folder, inside), path);
}

async function build(tool: Tool, path: string, options: Errand): Promise<void> {
  options.report(`${tool.name}: building from source with Go (minutes the first time) …`);
  const startedAt = Date.now();
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    options.report(`${tool.name}: still building (${String(seconds)} s) …`);
  }, PROGRESS_EVERY_MS);
  try {
    await goBuild(tool, path, options);
  } finally {
    clearInterval(progress);
  }
}

async function goBuild(tool: Tool, path: string, { env, signal }: Errand): Promise<void> {
  const args = ['build', '-ldflags', '-s -w', '-o', path, tool.goPackage];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(GO, args, {
      cwd: join(PROJECT_FOLDER, 'infra', 'tools'),
      env: { ...env, GOFLAGS: '-mod=readonly' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_WITHIN_MS,
      signal,
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(said.trim().split('\n').at(-1) ?? `go ended with ${String(code)}`));
    });
  });
}

/**
 * Does a step while no other process does it for the same file; skips it when another just did.
 *
 * @throws Error when the other takes longer than any download and build
 */
async function alone(
  target: string,
  signal: AbortSignal,
  step: () => Promise<void>,
): Promise<void> {
  const lock = `${target}.lock`;
  const waitUntil = Date.now() + LOCK_WAIT_MAX_MS;
  while (!tryLock(lock)) {
    if (Date.now() > waitUntil) {
      throw new Error(`the process in ${lock} does not end; remove that file if it is another's`);
    }
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    else await pause(LOCK_LOOK_EVERY_MS, undefined, { signal });
  }
  try {
    if (!isExecutable(target)) await step();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder > 0) return !isAlive(holder);
    // One without a name is being written at this moment, or its writer died of just that.
    return Date.now() - statSync(lock).mtimeMs > LOCK_WRITTEN_WITHIN_MS;
  } catch {
    return false; // it has just gone
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path === GO) return 'Go is not installed';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
