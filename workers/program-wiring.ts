import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CommandConnectorDeps } from '../activities/commands/command-connector.ts';
import { launchingWith } from '../activities/commands/launching.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { identifyProcess, isSameProcess } from '../infra/stack/process-identity.ts';
import type { LazySandbox } from './sandbox-wiring.ts';

/** What programs of agents are run with. */
export interface WiredPrograms extends Pick<
  CommandConnectorDeps,
  'sandbox' | 'launching' | 'makeFolder' | 'isGrantable'
> {
  /** Removes what is left of ways out; nothing may run any more. */
  close(): Promise<void>;
}

/** Where each worker keeps the sockets of ways out: paths of sockets are short, and data folders are not. */
const prefix = 'conclave-ways-';
const ownerFile = 'owner.json';

/** Others may go through these folders and not look into them: who knows no name in them finds no way out. */
const closedToLooks = 0o711;

/**
 * Makes what programs of agents are run with, and removes what killed workers left of theirs.
 *
 * @param config - its folders are the only ones that programs are granted
 * @param sandbox - runs them
 */
export async function wirePrograms(
  config: Pick<ServiceConfig, 'commandFolders'>,
  sandbox: LazySandbox,
): Promise<WiredPrograms> {
  await sweepWays();
  const ways = await makeWays();
  return {
    sandbox: async () => await sandbox.get(),
    launching: await launchingWith(process.execPath),
    isGrantable: (host) =>
      config.commandFolders.some((folder) => host === folder || host.startsWith(`${folder}/`)),
    makeFolder: async () => {
      const path = join(ways, randomBytes(12).toString('hex'));
      await mkdir(path);
      await chmod(path, closedToLooks);
      return { path, remove: () => rm(path, { recursive: true, force: true }) };
    },
    close: async () => {
      await rm(ways, { recursive: true, force: true });
    },
  };
}

async function makeWays(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const owner = { pid: process.pid, identity: identifyProcess(process.pid) ?? '' };
  await writeFile(join(path, ownerFile), JSON.stringify(owner), { mode: 0o600 });
  await chmod(path, closedToLooks);
  return path;
}

async function sweepWays(): Promise<void> {
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
