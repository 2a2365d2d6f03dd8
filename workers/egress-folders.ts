import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ProgramRunDeps } from '../activities/commands/program-run.ts';
import { identifyProcess, isSameProcess } from '../infra/stack/process-identity.ts';

/** Where a worker keeps the sockets of ways out. */
export interface EgressFolders {
  /** See {@link ProgramRunDeps.makeFolder}. */
  readonly make: ProgramRunDeps['makeFolder'];
  /** Removes all of them. */
  close(): Promise<void>;
}

/** Paths of sockets are short, and data folders are not. */
const prefix = 'conclave-ways-';
const ownerFile = 'owner.json';

/** Others may go through these folders and not look into them: who knows no name in them finds no way out. */
const closedToLooks = 0o711;
const nameBytes = 12;

/** Makes the folder of this process for them, and removes those of processes that are gone. */
export async function openEgressFolders(): Promise<EgressFolders> {
  await sweep();
  const own = await mkdtemp(join(tmpdir(), prefix));
  const owner = { pid: process.pid, identity: identifyProcess(process.pid) ?? '' };
  await writeFile(join(own, ownerFile), JSON.stringify(owner), { mode: 0o600 });
  await chmod(own, closedToLooks);
  return {
    make: async () => {
      const path = join(own, randomBytes(nameBytes).toString('hex'));
      await mkdir(path);
      await chmod(path, closedToLooks);
      return { path, remove: () => rm(path, { recursive: true, force: true }) };
    },
    close: async () => {
      await rm(own, { recursive: true, force: true });
    },
  };
}

async function sweep(): Promise<void> {
  const names = await readdir(tmpdir());
  const paths = names.filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
  for (const path of paths) {
    if (await isAbandoned(path)) await rm(path, { recursive: true, force: true });
  }
}

/** One without an owner that can be read is being made, or another user's. */
async function isAbandoned(path: string): Promise<boolean> {
  try {
    const text = await readFile(join(path, ownerFile), 'utf8');
    return !isSameProcess(JSON.parse(text) as { pid: number; identity: string });
  } catch {
    return false;
  }
}
