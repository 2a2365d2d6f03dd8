import { closeSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import type {
  BackendProof,
  Sandbox,
  SandboxBackend,
  SandboxResult,
  SandboxRun,
  SnippetRun,
} from '../../domain/sandbox/run.ts';
import { findOwnCgroups } from './cgroup.ts';
import { runCommand } from './command-lane.ts';
import { openPath } from './grants.ts';
import type { SandboxHost } from './host.ts';
import { machineOf } from './seccomp-filter.ts';
import { refusal } from './refusal.ts';
import { makePassableFolder } from './run-folder.ts';
import { sweep } from './sweep.ts';
import { tryBackend } from './tried-backend.ts';
import type { BackendOptions } from './tried-backend.ts';

/** Which sandbox is made. */
export interface SandboxOptions extends Omit<BackendOptions, 'backend'> {
  /** Tries what it protects, and refuses everything where it does not. */
  readonly backend: SandboxBackend;
  /** Makes the lanes for snippets over a host that protects. */
  readonly makeLanes?: (host: SandboxHost) => Promise<SnippetLanes>;
}

/** Runs the snippets of one language; commands are the sandbox's own. */
export interface SnippetLane {
  /** Runs one to its end, as `Sandbox.run` has to. */
  run(run: SnippetRun, signal: AbortSignal): Promise<SandboxResult>;
  /** Ends what it keeps warm; called once, after its last run. */
  close(): Promise<void>;
}

/** The lanes for snippets that a sandbox has. */
export type SnippetLanes = Partial<Readonly<Record<SnippetRun['lane'], SnippetLane>>>;

const WRITABLE_FOR_OTHERS = 0o022;

/**
 * Makes the sandbox of this machine: sweeps what dead engines left, tries what protects here, and refuses everything
 * where nothing does. Never falls back to another backend than the one that was chosen.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  switch (options.backend) {
    case 'deny':
      return denyingSandbox('CONCLAVE_SANDBOX is deny', 'choose a backend that runs something');
    case 'bwrap':
    case 'runsc':
    case 'docker':
      return await createProtectingSandbox(options, options.backend);
  }
}

async function createProtectingSandbox(
  options: SandboxOptions,
  name: BackendOptions['backend'],
): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    return denyingSandbox(`${process.platform} has no namespaces`, 'run it on Linux');
  }
  if (machineOf(process.arch) === undefined) {
    return denyingSandbox(
      `machine: got ${process.arch}, expected x64 or arm64`,
      'use one of those',
    );
  }
  makePassableFolder(options.folder);
  const way = wayTo(options.folder);
  if (way !== undefined) {
    return denyingSandbox(
      way,
      'CONCLAVE_SANDBOX_DATA=/var/lib/conclave/sandbox or another one of ours',
    );
  }
  await sweep(options.folder, options.cgroups ?? findOwnCgroups());
  const { host, outcome } = await tryBackend({ ...options, backend: name });
  if (host === undefined) return denyingSandbox(outcome.reason, outcome.mend);
  if (outcome.kind === 'unfit') {
    await tearDown(host);
    return denyingSandbox(outcome.reason, outcome.mend);
  }
  const { backend } = outcome;
  const canStage = host.canStage || backend.proven.includes('overlay');
  const able = { ...host, backend, canStage };
  // Snippets are spoken to by a two-way stream, which Docker cannot hand on.
  const lanes = name === 'docker' ? undefined : await options.makeLanes?.(able);
  return bwrapSandbox(able, lanes);
}

/** What is wrong with the way to a folder; undefined where the users of runs can go it. */
function wayTo(folder: string): string | undefined {
  const opened = openPath(folder);
  if (opened.kind === 'refused') return opened.reason;
  closeSync(opened.descriptor);
  const { uid, mode } = opened.stats;
  const own = process.getuid?.();
  if (uid !== own) return `${folder}: it is another user’s`;
  if ((mode & WRITABLE_FOR_OTHERS) !== 0) return `${folder}: other users may write to it`;
  if (opened.isReachable || own !== 0) return undefined;
  return `${folder}: the way to it is closed to other users`;
}

/** Why a sandbox refuses everything, and what to do about it. */
export interface Denial {
  readonly reason: string;
  readonly mend: string;
}

const denials = new WeakMap<Sandbox, Denial>();

/** Why a sandbox refuses everything; undefined for one that runs something. */
export function whyDenied(sandbox: Sandbox): Denial | undefined {
  return denials.get(sandbox);
}

/**
 * Refuses every run, saying why.
 *
 * @param reason - why nothing may run
 * @param mend - what to do about it
 */
export function denyingSandbox(reason: string, mend: string): Sandbox {
  const backend: BackendProof = { name: 'deny', version: '', proven: [] };
  const sandbox: Sandbox = {
    backend,
    run: async () => await Promise.resolve(refusal(backend, `${reason}; to mend it: ${mend}`)),
    close: async () => {
      await Promise.resolve();
    },
  };
  denials.set(sandbox, { reason, mend });
  return sandbox;
}

/** A sandbox over a host that is set up, whatever was proven of it: {@link createSandbox} is the one for everyday use. */
export function bwrapSandbox(host: SandboxHost, lanes: SnippetLanes = {}): Sandbox {
  const closing = new AbortController();
  const running = new Set<Promise<SandboxResult>>();
  let closed: Promise<void> | undefined;

  async function start(run: SandboxRun, signal: AbortSignal | undefined): Promise<SandboxResult> {
    if (closed !== undefined) return refusal(host.backend, 'the sandbox is closed');
    const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
    const either = AbortSignal.any(signals);
    if (run.lane === 'command') return await runCommand(host, run, either);
    const lane = lanes[run.lane];
    if (lane !== undefined) return await lane.run(run, either);
    return refusal(host.backend, `lane: got ${run.lane}, expected one that is set up`);
  }

  return {
    backend: host.backend,
    run: async (run, signal) => {
      const result = start(run, signal);
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
      }
    },
    close: async () => {
      closed ??= (async () => {
        closing.abort();
        await Promise.allSettled(running);
        for (const lane of Object.values(lanes)) await lane.close();
        await tearDown(host);
      })();
      await closed;
    },
  };
}

async function tearDown(host: SandboxHost): Promise<void> {
  await host.forks.close();
  await host.slots.close();
  closeSync(host.settings);
  rmSync(dirname(host.filter), { recursive: true, force: true });
}
