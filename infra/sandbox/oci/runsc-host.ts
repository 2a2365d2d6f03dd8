import type { BackendProof } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../host.ts';
import type { HostOptions, SandboxHost } from '../host.ts';
import { guestEntry } from './guest-entry.ts';
import { runscRuntime } from './runsc-runtime.ts';

/** Where and how a host for runsc is set up. */
export interface RunscHostOptions extends HostOptions {
  /** Path of runsc. */
  readonly runsc?: string;
}

const RUNSC = '/usr/bin/runsc';

/** As `setUpHost`, for programs that runsc runs. */
export function setUpRunscHost(options: RunscHostOptions, backend: BackendProof): SandboxHost {
  const runtime = runscRuntime({ runsc: options.runsc ?? RUNSC, entry: guestEntry() });
  // Every mount is laid somewhere first: without that nothing runs here at all.
  return { ...setUpHost(options, backend), runtime, canStage: true };
}
