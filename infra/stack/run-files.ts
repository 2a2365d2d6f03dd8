import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every process of the stack that can be supervised, in the order in which they are shown. */
export const PART_NAMES = ['postgres', 'temporal', 's3', 'simulated', 'api', 'worker'] as const;

/** The name of one kind of process of the stack. */
export type PartName = (typeof PART_NAMES)[number];

/**
 * What a serving part tells about itself in `<data>/run/<part>.json`. The file appears when the part
 * is ready and goes when it dies or stops, so its presence means: somebody answers at `address`.
 */
export interface RunFile {
  /** Name of the part; second and later workers are `worker-2`, `worker-3`, … */
  readonly part: string;
  readonly pid: number;
  /** `host:port` for Postgres and Temporal, a URL for what speaks HTTP, an identity for workers. */
  readonly address: string;
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** Tells whether a process with this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes a text so that a reader sees the old file or the whole new one, never a half. */
export function writeAtomically(path: string, text: string, mode = 0o644): void {
  const temporary = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

/** Publishes a part that has become ready. */
export function writeRunFile(dataFolder: string, runFile: RunFile): void {
  const folder = join(dataFolder, 'run');
  mkdirSync(folder, { recursive: true });
  writeAtomically(
    join(folder, `${runFile.part}.json`),
    `${JSON.stringify(runFile, undefined, 2)}\n`,
  );
}

/** Withdraws a part that no longer answers; a missing file is fine. */
export function removeRunFile(dataFolder: string, part: string): void {
  rmSync(join(dataFolder, 'run', `${part}.json`), { force: true });
}

/**
 * Reads what a part published.
 *
 * @returns undefined when there is no file, when it is not ours, or when its process is gone (a stack
 *   that was killed leaves its files behind).
 */
export function readRunFile(dataFolder: string, part: string): RunFile | undefined {
  try {
    const text = readFileSync(join(dataFolder, 'run', `${part}.json`), 'utf8');
    const content = JSON.parse(text) as Partial<RunFile>;
    if (typeof content.pid !== 'number' || typeof content.address !== 'string') return undefined;
    return isAlive(content.pid) ? (content as RunFile) : undefined;
  } catch {
    return undefined; // absent or torn: the same as not running
  }
}

/** Reads a secret of the data folder, without its line end; undefined when there is none. */
export function readSecret(dataFolder: string, name: string): string | undefined {
  try {
    return readFileSync(join(dataFolder, 'secrets', name), 'utf8').trim();
  } catch {
    return undefined;
  }
}
