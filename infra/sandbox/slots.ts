import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { chmod, chown, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { identifyProcess } from '../stack/process-identity.ts';
import { removeFolder } from './run-folder.ts';

/** A place to run in: a user id and a folder that one run at a time has for itself. */
export interface Slot {
  /** As it is in the names of its cgroups and processes. */
  readonly name: string;
  /** The user that the run is on the host; null where the engine may not take another, and it is the engine's own. */
  readonly uid: number | null;
  readonly folder: string;
  /** Named pipes: the program can open them anew by `/dev/stdout` and `/dev/stderr`, as it can no socket. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Hands out slots. */
export interface Slots {
  /** Gives one that nobody has; what lies in its folder besides the pipes is the taker's to remove. */
  take(): Promise<Slot>;
  /** Takes it back; no process of the run may be left. */
  give(slot: Slot): void;
  /**
   * Takes it back once a folder in it is removed, which nobody but `close` waits for: 20,000 files take a second.
   *
   * @param slot - no process of the run may be left in it
   * @param folder - the run's own, below the slot's
   */
  clear(slot: Slot, folder: string): void;
  /** Removes all of them. */
  close(): Promise<void>;
}

/** What a slot's folder says of its owner, for those who sweep. */
export interface SlotOwner {
  readonly pid: number;
  readonly identity: string;
  /** Where cgroups of its runs are made; a later engine may have others of its own. */
  readonly cgroupParents: readonly string[];
}

/** Name of the file with a {@link SlotOwner}. */
export const ownerFile = 'owner.json';

const SLOTS_MAX = 50_000;
const NAME_LENGTH = 12;
const run = promisify(execFile);

/**
 * Makes slots below a folder; several engines may share one.
 *
 * @param options - where and as whom
 * @param options.folder - where slots lie, there already
 * @param options.cgroupParents - where cgroups of runs are made, for those who sweep
 * @param options.firstUid - the first private user id, one for each slot; null to run as whom the engine runs
 */
export function createSlots({
  folder,
  cgroupParents,
  firstUid,
}: {
  readonly folder: string;
  readonly cgroupParents: readonly string[];
  readonly firstUid: number | null;
}): Slots {
  const free: Slot[] = [];
  const clearing = new Set<Promise<void>>();
  const all: Slot[] = [];
  let next = 1;
  let making: Promise<unknown> = Promise.resolve();

  async function make(): Promise<Slot> {
    while (next < SLOTS_MAX) {
      const index = next++;
      const path = join(folder, String(index));
      if (!(await isMade(path))) continue;
      writeOwner(path, cgroupParents);
      const slot = await fill(path, firstUid === null ? null : firstUid + index);
      all.push(slot);
      return slot;
    }
    throw new Error(`slots in ${folder}: got none, expected at most ${SLOTS_MAX} in use`);
  }

  return {
    take: async () => {
      const slot = free.pop();
      if (slot !== undefined) return slot;
      // One after the other: each start of `mkfifo` holds the engine for milliseconds, and many at once would for their sum.
      const made = making.then(make);
      making = made.catch(() => undefined);
      return await made;
    },
    give: (slot) => {
      free.push(slot);
    },
    clear: (slot, folder) => {
      // A fault has nobody to be told to: the slot is not taken again, and goes with the others.
      const cleared: Promise<void> = removeFolder(folder)
        .then(
          () => void free.push(slot),
          () => undefined,
        )
        .finally(() => clearing.delete(cleared));
      clearing.add(cleared);
    },
    close: async () => {
      await Promise.all(clearing);
      free.length = 0;
      await Promise.all(
        all.splice(0).map(async (slot) => {
          await rm(slot.folder, { recursive: true, force: true });
        }),
      );
    },
  };
}

/** The name that processes and cgroups of a slot bear; it does not tell where the folder is. */
export function slotName(folder: string): string {
  const id = createHash('sha256').update(folder).digest('hex').slice(0, NAME_LENGTH);
  return `conclave-sandbox-${id}-${basename(folder)}`;
}

/** Notes this process as the owner of a folder. */
export function writeOwner(folder: string, cgroupParents: readonly string[]): void {
  const identity = identifyProcess(process.pid) ?? '';
  const owner: SlotOwner = { pid: process.pid, identity, cgroupParents };
  writeFileSync(join(folder, ownerFile), JSON.stringify(owner), { mode: 0o600 });
}

/** Whether this call made the folder; another engine's folder stays its own. */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    await chmod(path, 0o711); // whatever the engine's mask takes away
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function fill(folder: string, uid: number | null): Promise<Slot> {
  const stdout = join(folder, 'stdout');
  const stderr = join(folder, 'stderr');
  await run('mkfifo', ['-m', '600', stdout, stderr], { env: { PATH: '/usr/bin:/bin' } });
  if (uid !== null) await Promise.all([chown(stdout, uid, uid), chown(stderr, uid, uid)]);
  return { name: slotName(folder), uid, folder, stdout, stderr };
}
