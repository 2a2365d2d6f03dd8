import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const ASKED_AFTER_MS = 300;
const KILLED_AFTER_MS = 1_500;
const WAIT_MAX_MS = 3_000;
const LOOK_EVERY_MS = 20;

/** What the kernel calls every process of the server; whoever else works in its folder is none of ours. */
const PROCESS_NAME = 'postgres';

/**
 * Waits, three seconds at most, until no process of an earlier server works in a folder any more. After its main process
 * was killed, Postgres's other processes notice and end by themselves, and a new one cannot start before.
 * Those that linger are asked, then killed.
 *
 * @param folder - The server's data folder.
 */
export async function outliveLeftovers(folder: string): Promise<void> {
  if (process.platform !== 'linux') return; // there a start fails for as long, and is repeated
  const path = realpathSync(folder); // the kernel names folders without their links
  for (let waited = 0; waited <= WAIT_MAX_MS; waited += LOOK_EVERY_MS) {
    const leftovers = serversIn(path);
    if (leftovers.length === 0) return;
    if (waited === ASKED_AFTER_MS) signalAll(leftovers, 'SIGQUIT');
    if (waited >= KILLED_AFTER_MS) signalAll(leftovers, 'SIGKILL');
    await pause(LOOK_EVERY_MS);
  }
}

function serversIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`) !== folder) return false;
        return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === PROCESS_NAME;
      } catch {
        return false; // gone, or not ours to look at
      }
    })
    .map(Number);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ended meanwhile
    }
  }
}
