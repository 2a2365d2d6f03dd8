import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import type { HostOptions, SandboxHost } from '../../../infra/sandbox/host.ts';
import { setUpRunscHost } from '../../../infra/sandbox/oci/runsc-host.ts';

/** A host of a backend as it is, without a look at what it can do. */
export function hostOf(backend: SandboxBackend, options: HostOptions): SandboxHost {
  const unproven = { name: backend, version: '', proven: [] };
  switch (backend) {
    case 'runsc':
      return setUpRunscHost(options, unproven);
    case 'docker':
    case 'bwrap':
      return { ...setUpHost(options, unproven), canStage: true };
    case 'deny':
      throw new Error('backend: got deny, expected one that runs something');
  }
}

/** Devices of gVisor's kernel, which its programs see. Docker may have it too. */
export function ownKernelDevices(backend: SandboxBackend): readonly string[] {
  return backend === 'bwrap' ? [] : ['fuse', 'net'];
}
