import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { slotName } from '../../../infra/sandbox/slots.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';
import type { Swept } from '../../../infra/sandbox/sweep.ts';
import type { DockerPlace } from '../../support/sandbox/docker-daemon.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { outputOf, startEngine } from './engines.ts';

/** What an engine runs until it is killed. */
export interface EndlessOrder {
  readonly backend: SandboxBackend;
  /** Where Docker is, for that backend. */
  readonly docker?: DockerPlace;
  readonly folder: string;
  /** What each of its commands calls itself. */
  readonly word: string;
  readonly runs: number;
  readonly without: readonly Protection[];
}

const endless = join(import.meta.dirname, 'endless-program.ts');
const sweeping = join(import.meta.dirname, 'sweep-program.ts');

/** Starts an engine of a user, null for this one, whose commands never end. */
export function startEndless(order: EndlessOrder, uid: number | null): ChildProcess {
  return startEngine(endless, order, { uid, env: {} });
}

/** Kills it, and waits until it is no more. */
export async function killEngine(engine: ChildProcess): Promise<void> {
  engine.kill('SIGKILL');
  await untilSeen(
    async () => await Promise.resolve(engine.exitCode ?? engine.signalCode),
    (end) => end !== null,
  );
}

/** Ends an engine where one was started, and takes away all that is left of it: its folder last, by which the rest is found. */
export async function endEngine(engine: ChildProcess | undefined, folder: string): Promise<void> {
  if (engine !== undefined) await killEngine(engine);
  await sweep(folder, findOwnCgroups());
  rmSync(folder, { recursive: true, force: true });
}

/** What a later engine of the same user finds to take away. */
export async function swept(folder: string, uid: number | null): Promise<Swept> {
  const { stdout, stderr, code } = await outputOf(
    startEngine(sweeping, { folder }, { uid, env: {} }),
  );
  if (code !== 0) throw new Error(`sweep: ended with ${String(code)}: ${stderr}`);
  return JSON.parse(stdout) as Swept;
}

/** What is of the slots of a folder: their own folders, cgroups and mounts; other engines have theirs beside them. */
export function leftOf(
  folder: string,
  slots: number,
): { readonly folders: string[]; readonly cgroups: string[]; readonly mounts: string[] } {
  const names = Array.from({ length: slots }, (_, index) =>
    slotName(join(folder, 'slots', String(index + 1))),
  );
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return {
    folders: readdirSync(join(folder, 'slots')),
    cgroups: findOwnCgroups()
      .parents.flatMap((parent) => names.map((name) => join(parent, name)))
      .filter((path) => existsSync(path)),
    mounts: mounts.filter((line) => line.includes(folder)),
  };
}
