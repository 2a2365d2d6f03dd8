import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import type { DockerPlace } from '../../support/sandbox/docker-daemon.ts';
import { stateFolder } from './own-sandbox.ts';

/** As whom an engine runs, and whether it has cgroups. */
export interface EngineKind {
  readonly name: string;
  /** Null for whoever runs the tests. */
  readonly uid: number | null;
  readonly usesCgroups: boolean;
  /** bwrap where it is not given. */
  readonly backend?: SandboxBackend;
  /** Where Docker is, for that backend. */
  readonly docker?: DockerPlace;
}

/** What a probe came to. */
export interface ProbeOutcome {
  readonly name: string;
  readonly isDiscovery: boolean;
  readonly [field: string]: unknown;
}

const PLAIN_UID = 65_000;
// Where the sandbox has none of its own, where it has, and beyond.
const LEAKED_DESCRIPTORS = [3, 5, 20];
const program = join(import.meta.dirname, 'probe-program.ts');

/** Engines that the probes are tried on: who runs the tests and, where that is root, a plain user too. */
export function engineKinds(): EngineKind[] {
  const kinds = [
    { name: 'as this user, with the cgroups there are', uid: null, usesCgroups: true },
    { name: 'as this user, without cgroups', uid: null, usesCgroups: false },
  ];
  if (process.getuid?.() !== 0 || !isReadableFor(PLAIN_UID)) return kinds;
  return [...kinds, { name: 'as a plain user', uid: PLAIN_UID, usesCgroups: false }];
}

/** As whom engines are tried: who runs the tests (null) and, where that is root, a plain user too. */
export function engineUids(): (number | null)[] {
  return [...new Set(engineKinds().map(({ uid }) => uid))];
}

/** Runs probes on an engine of their own, whose environment and descriptors hold what must not be found. */
export async function probeOn(
  { uid, usesCgroups, backend = 'bwrap', docker }: EngineKind,
  {
    without = [],
    probes = [],
    lane = 'command',
  }: {
    without?: readonly Protection[];
    probes?: readonly string[];
    lane?: 'command' | 'python';
  },
): Promise<ProbeOutcome[]> {
  const folder = stateFolder(uid);
  const secret = `secret-${randomUUID()}`;
  try {
    const order = { backend, docker, folder, secret, without, probes, usesCgroups, lane };
    const child = startEngine(program, order, { uid, env: { CONCLAVE_CANARY: secret } });
    const { stdout, stderr, code } = await outputOf(child);
    if (code !== 0) throw new Error(`probe program: ended with ${String(code)}: ${stderr}`);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ProbeOutcome);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a program of ours as an engine, with descriptors left open to it. */
export function startEngine(
  path: string,
  order: object,
  { uid, env }: { readonly uid: number | null; readonly env: Record<string, string> },
): ChildProcess {
  const leaked = openSync('/etc/hostname', 'r');
  const others = Array.from({ length: Math.max(...LEAKED_DESCRIPTORS) - 2 }, (_, index) =>
    LEAKED_DESCRIPTORS.includes(index + 3) ? leaked : ('ignore' as const),
  );
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', path];
  const as = ['setpriv', `--reuid=${String(uid)}`, `--regid=${String(uid)}`, '--clear-groups'];
  const [command, ...args] = [...(uid === null ? [] : as), ...node, JSON.stringify(order)];
  try {
    return spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...others],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...env },
    });
  } finally {
    closeSync(leaked);
  }
}

/** Waits for its end. */
export async function outputOf(
  child: ChildProcess,
): Promise<{ stdout: string; stderr: string; code: number | null }> {
  const told = { stdout: '', stderr: '' };
  child.stdout?.on('data', (bytes: Buffer) => (told.stdout += bytes.toString('utf8')));
  child.stderr?.on('data', (bytes: Buffer) => (told.stderr += bytes.toString('utf8')));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ...told, code };
}

function isReadableFor(uid: number): boolean {
  try {
    const as = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    execFileSync('setpriv', [...as, process.execPath, '--check', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
