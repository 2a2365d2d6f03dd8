import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { mendOfOwnLocks, tryOut } from '../backend-probe.ts';
import type { ProbeOutcome } from '../backend-probe.ts';
import type { SandboxHost } from '../host.ts';
import { pythonPath } from '../stage.ts';

const INSTALL =
  'apt-get install -y runsc (Debian and its kin), or a release of gVisor in /usr/bin or /usr/local/bin: https://gvisor.dev/docs/user_guide/install/';
const tools = [
  [pythonPath, 'apt-get install -y python3'],
  ['/usr/bin/prlimit', 'apt-get install -y util-linux'],
  ['/bin/bash', 'apt-get install -y bash'],
] as const;
const run = promisify(execFile);

/**
 * Finds out by trying what runsc does on this machine.
 *
 * @param host - set up for it
 * @param runsc - path of it
 */
export async function probeRunsc(host: SandboxHost, runsc: string): Promise<ProbeOutcome> {
  if (process.arch !== 'x64') {
    return {
      kind: 'unfit',
      reason: `machine: got ${process.arch}, expected x64`,
      mend: 'use bwrap',
    };
  }
  for (const [path, mend] of [[runsc, INSTALL], ...tools] as const) {
    if (!existsSync(path)) return { kind: 'unfit', reason: `${path} is not there`, mend };
  }
  const version = await versionOf(runsc);
  const outcome = await tryOut(host, { name: 'runsc', version, mend: mendOfOwnLocks });
  if (outcome.kind === 'unfit' || outcome.backend.proven.includes('own-kernel')) return outcome;
  return { kind: 'unfit', reason: 'not proven: own-kernel', mend: INSTALL };
}

async function versionOf(runsc: string): Promise<string> {
  const { stdout } = await run(runsc, ['--version'], { env: {} });
  return /^runsc version (\S+)/.exec(stdout)?.[1] ?? stdout.trim();
}
