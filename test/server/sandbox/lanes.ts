import { readFileSync, rmSync } from 'node:fs';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { Sandbox, SnippetRun } from '../../../domain/sandbox/run.ts';
import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import { processTree } from '../../../infra/sandbox/process-tree.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../../infra/sandbox/snippet-lanes.ts';
import { stateFolder } from './engines.ts';

/** A sandbox with the lanes for snippets, in a folder of its own. */
export interface OwnSandbox {
  readonly sandbox: Sandbox;
  readonly folder: string;
  remove(): Promise<void>;
}

/** Makes it, with the cgroups that there are or without any. */
export async function ownSandbox(usesCgroups = true): Promise<OwnSandbox> {
  const folder = stateFolder(null);
  const sandbox = await createSandbox({
    backend: 'bwrap',
    folder,
    makeLanes: makeSnippetLanes,
    cgroups: usesCgroups ? findOwnCgroups() : { mode: 'none', parents: [] },
  });
  return {
    sandbox,
    folder,
    remove: async () => {
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A run of a Python snippet with usual limits, but for those named. */
export function pythonSnippet(
  code: string,
  given: Partial<Omit<SnippetRun, 'limits'>> & { readonly limits?: Partial<SandboxLimits> } = {},
): SnippetRun {
  const { limits, ...rest } = given;
  return {
    lane: 'python',
    code,
    grants: [],
    env: {},
    stdin: '',
    seed: 'seed',
    ...rest,
    limits: completeLimits({ timeMs: 30_000, ...limits }),
  };
}

/** Processes that this one has started, and those below them, whose first word is a given one. */
export function ownProcesses(word: string): number[] {
  return processTree(process.pid).filter((pid) => firstWordOf(pid) === word);
}

function firstWordOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0')[0];
  } catch {
    return undefined; // it ended between the two looks
  }
}
