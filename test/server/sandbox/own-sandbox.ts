import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Sandbox } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import type { HostOptions } from '../../../infra/sandbox/host.ts';
import { bwrapSandbox, createSandbox } from '../../../infra/sandbox/sandbox.ts';
import type { SandboxOptions } from '../../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../../infra/sandbox/snippet-lanes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';

/** A sandbox in a folder of its own. */
export interface OwnSandbox {
  readonly sandbox: Sandbox;
  readonly folder: string;
  /** Closes it and removes its folder; throws where it left anything of its runs there. */
  readonly remove: () => Promise<void>;
}

/** For the first sandbox of a file: its tools may have to be brought. */
export const setUpMs = 300_000;

/** Makes one, bwrap's with the lanes for snippets unless it is told otherwise; leaves nothing where that fails. */
export async function ownSandbox(options: Partial<SandboxOptions> = {}): Promise<OwnSandbox> {
  ensureSandboxTools();
  return await owned(async (folder) => {
    const usual = { backend: 'bwrap', folder, makeLanes: makeSnippetLanes } as const;
    return await createSandbox({ ...usual, ...options });
  });
}

/** Makes one over bwrap, of which nothing was tried but what another sandbox proved: its copies are made whole. */
export async function untriedSandbox(
  { backend }: Sandbox,
  options: Partial<HostOptions> = {},
): Promise<OwnSandbox> {
  return await owned(async (folder) => {
    const host = setUpHost({ folder, ...options }, backend);
    return await Promise.resolve(bwrapSandbox(host));
  });
}

/** A folder for the sandbox of an engine, which this user runs where no other is named. */
export function stateFolder(uid: number | null = null): string {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-sandbox-'));
  chmodSync(folder, 0o711);
  if (uid !== null) chownSync(folder, uid, uid);
  return folder;
}

async function owned(make: (folder: string) => Promise<Sandbox>): Promise<OwnSandbox> {
  const folder = stateFolder();
  try {
    const sandbox = await make(folder);
    return { sandbox, folder, remove: () => remove(sandbox, folder) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function remove(sandbox: Sandbox, folder: string): Promise<void> {
  try {
    await sandbox.close();
    const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const odd = left.filter((name) => name !== 'slots');
    if (odd.length > 0) throw new Error(`the sandbox left ${odd.join(', ')} behind`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
