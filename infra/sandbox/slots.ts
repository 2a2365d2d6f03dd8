import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { identifyProcess } from '../stack/process-identity.ts';

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
  /** Removes all of them. */
  close(): Promise<void>;
}

/** What a slot's folder says of its owner, for those who sweep. */
export interface SlotOwner {
  readonly pid: number;
  readonly identity: string;
  readonly uid: number | null;
}

/** Name of the file with a {@link SlotOwner}. */
export const ownerFile = 'owner.json';

const SLOTS_MAX = 50_000;
const NAME_LENGTH = 12;
const run = promisify(execFile);

/**
 * Makes slots below a folder; several engines may share one.
 *
 * @param folder - where slots lie, there already
 * @param firstUid - the first private user id, one for each slot; null to run as whom the engine runs
 */
export function createSlots({
  folder,
  firstUid,
}: {
  readonly folder: string;
  readonly firstUid: number | null;
}): Slots {
  const free: Slot[] = [];
  const all: Slot[] = [];
  let next = 1;

  async function make(): Promise<Slot> {
    while (next < SLOTS_MAX) {
      const index = next++;
      const path = join(folder, String(index));
      if (!(await isMade(path))) continue;
      const slot = await fill(path, { index, uid: firstUid === null ? null : firstUid + index });
      all.push(slot);
      return slot;
    }
    throw new Error(`slots in ${folder}: got none, expected at most ${SLOTS_MAX} in use`);
  }

  return {
    take: async () => free.pop() ?? (await make()),
    give: (slot) => {
      free.push(slot);
    },
    close: async () => {
      free.length = 0;
      await Promise.all(
        all.splice(0).map(async (slot) => await rm(slot.folder, { recursive: true, force: true })),
      );
    },
  };
}

/** The name that processes and cgroups of a slot bear; it does not tell where the folder is. */
export function slotName(folder: string): string {
  const id = createHash('sha256').update(folder).digest('hex').slice(0, NAME_LENGTH);
  return `conclave-sandbox-${id}-${basename(folder)}`;
}

/** This process, as owners are noted. */
export function self(): { readonly pid: number; readonly identity: string } {
  return { pid: process.pid, identity: identifyProcess(process.pid) ?? '' };
}

/** Whether this call made the folder; another engine's folder stays its own. */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o711 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function fill(
  folder: string,
  { uid }: { readonly index: number; readonly uid: number | null },
): Promise<Slot> {
  const owner: SlotOwner = { ...self(), uid };
  await writeFile(join(folder, ownerFile), JSON.stringify(owner), { mode: 0o600 });
  const stdout = join(folder, 'stdout');
  const stderr = join(folder, 'stderr');
  await run('mkfifo', ['-m', '600', stdout, stderr], { env: { PATH: '/usr/bin:/bin' } });
  if (uid !== null) await Promise.all([chown(stdout, uid, uid), chown(stderr, uid, uid)]);
  return { name: slotName(folder), uid, folder, stdout, stderr };
}
