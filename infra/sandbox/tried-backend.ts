import { existsSync } from 'node:fs';

import type { BackendProof, SandboxBackend } from '../../domain/sandbox/run.ts';
import { probeBackend } from './backend-probe.ts';
import type { ProbeOutcome } from './backend-probe.ts';
import { setUpHost, tearDown } from './host.ts';
import type { HostOptions, SandboxHost } from './host.ts';
import { probeDocker, setUpDockerHost } from './oci/docker-host.ts';
import { setUpRunscHost } from './oci/runsc-host.ts';
import { probeRunsc } from './oci/runsc-probe.ts';

/** Which backend is tried, and where its parts are. */
export interface BackendOptions extends HostOptions {
  readonly backend: Exclude<SandboxBackend, 'deny'>;
  /** Path of runsc; found by itself where it is not given. */
  readonly runsc?: string;
  /** Path of `docker`; found by itself where it is not given. */
  readonly docker?: string;
  /** Path of the socket of Docker's engine; the usual one where it is not given. */
  readonly socket?: string;
  /** The image of Docker's containers. */
  readonly image?: string | undefined;
}

/** What came of trying a backend: a host with what it proved, to be torn down; or why there is none. */
export type TriedBackend =
  | (Extract<ProbeOutcome, { kind: 'proven' }> & { readonly host: SandboxHost })
  | Extract<ProbeOutcome, { kind: 'unfit' }>;

const runscPaths = ['/usr/local/bin/runsc', '/usr/bin/runsc'] as const;

/**
 * Sets up a backend and finds out by trying what it does on this machine.
 *
 * @throws Error where the trying itself fails; nothing is left of it then
 */
export async function tryBackend(options: BackendOptions): Promise<TriedBackend> {
  const unproven: BackendProof = { name: options.backend, version: '', proven: [] };
  switch (options.backend) {
    case 'bwrap': {
      const host = setUpHost(options, unproven);
      return await tryHost(host, async () => await probeBackend(host));
    }
    case 'runsc': {
      const runsc = options.runsc ?? runscPaths.find((path) => existsSync(path)) ?? runscPaths[1];
      const host = setUpRunscHost({ ...options, runsc }, unproven);
      return await tryHost(host, async () => await probeRunsc(host, runsc));
    }
    case 'docker': {
      const found = await setUpDockerHost(options, unproven);
      if (found.kind === 'unfit') return found;
      const { host, version } = found;
      return await tryHost(host, async () => await probeDocker(host, version));
    }
  }
}

async function tryHost(
  host: SandboxHost,
  probe: () => Promise<ProbeOutcome>,
): Promise<TriedBackend> {
  let outcome: ProbeOutcome | undefined;
  try {
    outcome = await probe();
    return outcome.kind === 'proven' ? { ...outcome, host } : outcome;
  } finally {
    if (outcome?.kind !== 'proven') await tearDown(host);
  }
}
