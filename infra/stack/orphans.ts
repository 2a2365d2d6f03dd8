import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { identifyProcess, isSameProcess } from './process-identity.ts';
import { writeAtomically } from './run-files.ts';

const FILE = 'children.json';
const ASK_FOR_MS = 5_000;
const KILL_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 25;

/** A child of a stack, noted in the data folder as long as it runs. */
export interface NotedChild {
  readonly part: string;
  readonly pid: number;
  readonly identity: string | undefined;
  readonly signal: NodeJS.Signals;
}

/** Notes who runs now, so that a later start can end those whom a killed supervisor left behind. */
export function noteChildren(
  dataFolder: string,
  children: readonly { part: string; pid: number; signal: NodeJS.Signals }[],
): void {
  const noted = children.map((child) => ({ ...child, identity: identifyProcess(child.pid) }));
  writeAtomically(join(dataFolder, FILE), `${JSON.stringify(noted, undefined, 2)}\n`, 0o600);
}

/**
 * Ends the children of an earlier stack that still run, politely first. Processes that merely have
 * got the same id since are left alone.
 *
 * @returns Names of the parts that were ended.
 */
export async function endOrphans(dataFolder: string): Promise<string[]> {
  const orphans = readNoted(dataFolder).filter(isSameProcess);
  await Promise.all(orphans.map(endOrphan));
  return orphans.map((orphan) => orphan.part);
}

async function endOrphan(orphan: NotedChild): Promise<void> {
  if (await endsAfter(orphan, orphan.signal, ASK_FOR_MS)) return;
  await endsAfter(orphan, 'SIGKILL', KILL_WITHIN_MS);
}

async function endsAfter(
  orphan: NotedChild,
  signal: NodeJS.Signals,
  withinMs: number,
): Promise<boolean> {
  try {
    process.kill(orphan.pid, signal);
  } catch {
    return true; // it has just ended
  }
  for (let waited = 0; waited < withinMs; waited += LOOK_EVERY_MS) {
    if (!isSameProcess(orphan)) return true;
    await pause(LOOK_EVERY_MS);
  }
  return !isSameProcess(orphan);
}

function readNoted(dataFolder: string): NotedChild[] {
  const path = join(dataFolder, FILE);
  if (!existsSync(path)) return [];
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as NotedChild[];
  } catch {
    return []; // torn: the guard and Postgres's own lock file remain
  }
}
