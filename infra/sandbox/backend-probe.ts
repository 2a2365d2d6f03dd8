import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { BackendProof, ProvenFeature, SandboxResult } from '../../domain/sandbox/run.ts';
import { runCommand } from './command-lane.ts';
import { openPath } from './grants.ts';
import type { SandboxHost } from './host.ts';
import { pythonPath } from './stage.ts';
import { findNamespaceLocks, mendOfLocks } from './unlocking.ts';

/** What a backend can do here, as it was tried; or why it protects nobody here. */
export type ProbeOutcome =
  | { readonly kind: 'proven'; readonly backend: BackendProof }
  | { readonly kind: 'unfit'; readonly reason: string; readonly mend: string };

const INSTALL =
  'apt-get install -y bubblewrap (or your system’s package of that name), at least 0.11 or a Debian 12 or Ubuntu 24.04 with its updates';
const TIME_MS = 10_000;
const needed: readonly ProvenFeature[] = [
  'namespaces',
  'seccomp',
  'descriptors-closed',
  'links-refused',
];
const run = promisify(execFile);

// Tells what it sees as JSON: nothing here trusts what a program prints in a run, but this one is ours.
const look = `
exec 2>/dev/null
namespaces=yes
for kind in mnt pid net ipc uts user; do [ -n "$(readlink /proc/self/ns/$kind)" ] || namespaces=no; done
[ "$(readlink /proc/self/ns/net)" = "$1" ] && namespaces=no
[ "$(readlink /proc/self/ns/mnt)" = "$2" ] && namespaces=no
grep -q '^Seccomp:[[:space:]]*2$' /proc/self/status && seccomp=yes || seccomp=no
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status && capabilities=none || capabilities=some
unshare --user true && seccomp=no
# 40 is AF_VSOCK, which no network namespace parts.
[ -x /usr/bin/python3 ] && /usr/bin/python3 -I -S -c 'import socket; socket.socket(40, 1)' && seccomp=no
descriptors=$(cd /proc/self/fd && echo *)
kernel=$(cat /proc/version)
echo "namespaces=$namespaces seccomp=$seccomp capabilities=$capabilities descriptors=$descriptors" > /artifacts/seen
echo "kernel=$kernel" >> /artifacts/seen
`;

/**
 * Finds out by trying what bubblewrap does on this machine.
 *
 * @param host - set up, with a backend of no proven features
 */
export async function probeBackend(host: SandboxHost): Promise<ProbeOutcome> {
  if (!existsSync(host.bwrap)) {
    return { kind: 'unfit', reason: `${host.bwrap} is not there`, mend: INSTALL };
  }
  for (const [path, mend] of [
    [pythonPath, 'apt-get install -y python3'],
    ['/bin/bash', 'apt-get install -y bash'],
  ] as const) {
    if (!existsSync(path)) return { kind: 'unfit', reason: `${path} is not there`, mend };
  }
  const version = await bwrapVersion(host.bwrap);
  if (!(await hasDescriptorMounts(host.bwrap))) {
    return { kind: 'unfit', reason: `${version} has no --bind-fd`, mend: INSTALL };
  }
  return await tryOut(host, { name: 'bwrap', version, mend: mendOfOwnLocks });
}

/** What lets user namespaces be made here. */
export function mendOfOwnLocks(): string {
  return mendOfLocks(findNamespaceLocks());
}

/**
 * Runs a program that looks around, and tells what was proved by that.
 *
 * @param host - set up, with a backend of no proven features
 * @param known - of the backend
 * @param known.name - which one it is
 * @param known.version - as it tells
 * @param known.mend - what to do where it does not protect
 */
export async function tryOut(
  host: SandboxHost,
  {
    name,
    version,
    mend,
  }: { readonly name: string; readonly version: string; readonly mend: () => string },
): Promise<ProbeOutcome> {
  let result: SandboxResult;
  try {
    result = await lookAround(host);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'unfit', reason, mend: mend() };
  }
  const proven = provenBy(result, host);
  if ((host.canStage || host.runtime === undefined) && (await canMountAnew(host))) {
    proven.push('overlay');
  }
  // A kernel of its own has none of the host's namespaces to be seen.
  const parted = proven.includes('own-kernel') ? proven.concat('namespaces') : proven;
  const absent = needed.filter((feature) => !parted.includes(feature));
  if (absent.length > 0) {
    const words = result.stderr.trim() || result.reason;
    return {
      kind: 'unfit',
      reason: `not proven: ${absent.join(', ')} (${words})`,
      mend: mend(),
    };
  }
  return { kind: 'proven', backend: { name, version, proven } };
}

async function lookAround(host: SandboxHost): Promise<SandboxResult> {
  const own = (kind: string): string => readlinkSync(`/proc/self/ns/${kind}`);
  return await runCommand(host, {
    lane: 'command',
    argv: ['/bin/bash', '-c', look, 'look', own('net'), own('mnt')],
    workFolder: '/work',
    grants: [],
    env: {},
    stdin: '',
    seed: '',
    limits: completeLimits({ timeMs: TIME_MS }),
  });
}

function provenBy({ files }: SandboxResult, host: SandboxHost): ProvenFeature[] {
  const file = files.find(({ path }) => path === 'seen');
  const seen = file === undefined ? '' : Buffer.from(file.bytes).toString('utf8');
  const proven: ProvenFeature[] = [];
  if (seen.includes('namespaces=yes') && seen.includes('capabilities=none'))
    proven.push('namespaces');
  if (seen.includes('seccomp=yes')) proven.push('seccomp');
  // The fourth is the listing's own.
  if (/descriptors=0 1 2 3$/m.test(seen)) proven.push('descriptors-closed');
  if (areLinksRefused(host.own)) proven.push('links-refused');
  if (hasOwnKernel(seen)) proven.push('own-kernel');
  if (host.cgroups.mode !== 'none') proven.push('cgroup');
  if (process.getuid?.() === 0) proven.push('private-uid');
  return proven;
}

function hasOwnKernel(seen: string): boolean {
  const kernel = /^kernel=(.+)$/m.exec(seen)?.[1];
  const isOther = kernel !== undefined && kernel !== readFileSync('/proc/version', 'utf8').trim();
  return isOther && seen.includes('capabilities=none');
}

function areLinksRefused(folder: string): boolean {
  const place = mkdtempSync(join(folder, 'probe-'));
  try {
    mkdirSync(join(place, 'real'));
    writeFileSync(join(place, 'real', 'file'), '');
    symlinkSync(join(place, 'real'), join(place, 'link'));
    return openPath(join(place, 'link', 'file')).kind === 'refused';
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Tries a copy by an overlay, with a file of the engine's own user changed by the run's. */
async function canMountAnew(host: SandboxHost): Promise<boolean> {
  const folder = mkdtempSync(join(host.own, 'overlay-'));
  // What lies in a folder of ours no other run is granted.
  const lenient = { ...host, folder: join(host.own, 'none') };
  try {
    writeFileSync(join(folder, 'file'), 'before\n');
    const result = await runCommand(
      host.runtime === undefined ? { ...lenient, canStage: true } : lenient,
      {
        lane: 'command',
        argv: ['/bin/bash', '-c', 'echo after > file'],
        workFolder: '/work',
        grants: [{ host: folder, path: '/work', mode: 'copy' }],
        env: {},
        stdin: '',
        seed: '',
        limits: completeLimits({ timeMs: TIME_MS }),
      },
    );
    return result.status === 'ok' && result.diff?.includes('+after') === true;
  } catch {
    return false; // the kernel, the file system or a container's rules do not have it: copies are made whole
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bwrapVersion(bwrap: string): Promise<string> {
  const { stdout } = await run(bwrap, ['--version'], { env: {} });
  return stdout.trim().replace(/^bubblewrap /, '');
}

async function hasDescriptorMounts(bwrap: string): Promise<boolean> {
  const { stdout, stderr } = await run(bwrap, ['--help'], { env: {} });
  return `${stdout}${stderr}`.includes('--ro-bind-fd');
}
