import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import type { HostOptions, SandboxHost } from '../../../infra/sandbox/host.ts';
import { setUpDockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import { setUpRunscHost } from '../../../infra/sandbox/oci/runsc-host.ts';
import type { OwnFiles } from './canaries.ts';
import type { DockerPlace } from '../../support/sandbox/docker-daemon.ts';
import { bringTool } from '../../support/sandbox-tools.ts';

const RUNSC = '/usr/bin/runsc';

/** A host of a backend as it is, without a look at what it can do. */
export async function hostOf(
  backend: SandboxBackend,
  { docker, ...options }: HostOptions & { readonly docker?: DockerPlace | undefined },
): Promise<SandboxHost> {
  const unproven = { name: backend, version: '', proven: [] };
  switch (backend) {
    case 'bwrap':
      return { ...setUpHost(options, unproven), canStage: true };
    case 'runsc':
      return setUpRunscHost({ ...options, runsc: RUNSC }, unproven);
    case 'docker': {
      const found = await setUpDockerHost({ ...options, ...docker }, unproven);
      if (found.kind === 'set-up') return found.host;
      throw new Error(`docker: ${found.reason}`);
    }
    case 'deny':
      throw new Error('backend: got deny, expected one that runs something');
  }
}

/** What a backend shows of its own, besides what every sandbox does: devices of gVisor's kernel, files that Docker makes. */
export function ownFiles(backend: SandboxBackend): OwnFiles {
  return {
    devices: backend === 'runsc' ? ['fuse', 'net'] : backend === 'docker' ? ['mqueue'] : [],
    settings: backend === 'docker' ? ['hostname', 'mtab'] : [],
  };
}

/** Whether this machine has runsc, which is brought where that is allowed. */
export function hasRunsc(): boolean {
  return bringTool({ path: RUNSC, of: 'runsc' });
}
