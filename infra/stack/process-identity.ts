import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { isAlive } from './run-files.ts';

const START_TIME_FIELD = 19; // field 22 of proc(5)'s stat, counted after the name in parentheses

/**
 * Tells one process from a later one with the same id, by when it started.
 *
 * @returns undefined when there is no such process; a zombie counts as none.
 */
export function identifyProcess(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  if (process.platform !== 'linux') return identifyByPs(pid);
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[START_TIME_FIELD];
  } catch {
    return undefined; // it ended between the two looks
  }
}

/** Tells whether the very process that was noted earlier still runs. */
export function isSameProcess(noted: { pid: number; identity: string | undefined }): boolean {
  return noted.identity !== undefined && identifyProcess(noted.pid) === noted.identity;
}

function identifyByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
