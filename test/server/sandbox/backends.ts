import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import type { HostOptions, SandboxHost } from '../../../infra/sandbox/host.ts';
import { setUpDockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import { setUpRunscHost } from '../../../infra/sandbox/oci/runsc-host.ts';
import { bringTool } from '../../support/sandbox-tools.ts';

/** The image that Docker's containers have in tests, made where there is an engine. */
export const testImage = 'conclave-sandbox-test';

const RUNSC = '/usr/bin/runsc';
const IMAGE_MS_MAX = 300_000;
const recipe = [
  'FROM debian:12-slim',
  'RUN apt-get update && apt-get install -y --no-install-recommends git python3 util-linux',
].join('\n');

/** A host of a backend as it is, without a look at what it can do. */
export async function hostOf(backend: SandboxBackend, options: HostOptions): Promise<SandboxHost> {
  const unproven = { name: backend, version: '', proven: [] };
  switch (backend) {
    case 'bwrap':
      return { ...setUpHost(options, unproven), canStage: true };
    case 'runsc':
      return setUpRunscHost({ ...options, runsc: RUNSC }, unproven);
    case 'docker': {
      const found = await setUpDockerHost({ ...options, image: testImage }, unproven);
      if (found.kind === 'set-up') return found.host;
      throw new Error(`docker: ${found.reason}`);
    }
    case 'deny':
      throw new Error('backend: got deny, expected one that runs something');
  }
}

/** Devices of gVisor's kernel, which its programs see. Docker may have it too. */
export function ownKernelDevices(backend: SandboxBackend): readonly string[] {
  return backend === 'bwrap' ? [] : ['fuse', 'net'];
}

/**
 * Which backends with containers this machine has: runsc, which is brought where that is allowed, and Docker where an engine
 * answers.
 */
export function containerBackends(): ('runsc' | 'docker')[] {
  return [
    ...(bringTool({ path: RUNSC, of: 'runsc' }) ? (['runsc'] as const) : []),
    ...(hasDocker() ? (['docker'] as const) : []),
  ];
}

function hasDocker(): boolean {
  if (!['/usr/bin/docker', '/usr/local/bin/docker'].some((path) => existsSync(path))) return false;
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore' });
  } catch {
    return false; // its program is there, an engine is not
  }
  execFileSync('docker', ['build', '--tag', testImage, '-'], {
    input: recipe,
    stdio: ['pipe', 'ignore', 'inherit'],
    timeout: IMAGE_MS_MAX,
  });
  return true;
}
