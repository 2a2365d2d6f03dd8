import { setTimeout as wait } from 'node:timers/promises';

import type { RunCgroup } from './cgroup.ts';
import { isGone, parentOf } from './process-tree.ts';

const FIRST_LOOK_MS = 1;
const LOOK_MS_MAX = 20;
const GONE_WITHIN_MS = 5000;

/**
 * Ends everything inside a sandbox at once: its process 1, with which the kernel ends the rest. Not its monitor, whose
 * end would leave processes behind for a moment that nobody answers for.
 *
 * @param sandbox - which one
 * @param sandbox.pid - its process 1, as the host counts
 * @param sandbox.kill - ends it where its processes are not the engine's own
 * @param sandbox.monitorPid - its parent; a process with another parent came later by the same number, and is let be
 */
export function killSandbox({
  pid,
  monitorPid,
  kill,
}: {
  readonly pid: number;
  readonly monitorPid: number;
  readonly kill?: () => void;
}): void {
  if (kill !== undefined) {
    kill();
    return;
  }
  if (parentOf(pid) !== monitorPid) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Waits until nothing of a sandbox is left, which takes a moment after its end.
 *
 * @param pid - the sandbox's process 1, as the host counts
 * @param cgroup - its cgroup; whatever should still be in it is killed
 * @throws Error when something is left after 5 s
 */
export async function awaitGone(pid: number, cgroup: RunCgroup | undefined): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (let pause = FIRST_LOOK_MS; !isEmpty(pid, cgroup); pause = Math.min(2 * pause, LOOK_MS_MAX)) {
    if (Date.now() > deadline) throw new Error(`sandbox with process ${pid}: it does not end`);
    await wait(pause);
    cgroup?.kill();
  }
}

function isEmpty(pid: number, cgroup: RunCgroup | undefined): boolean {
  return isGone(pid) && (cgroup === undefined || cgroup.pids().length === 0);
}
