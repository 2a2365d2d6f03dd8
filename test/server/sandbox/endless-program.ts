import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { bwrapSandbox } from '../../../infra/sandbox/sandbox.ts';
import type { DockerPlace } from '../../support/sandbox/docker-daemon.ts';
import { hostOf } from './backends.ts';

/** An engine that runs endless commands until it is killed. Its argument: where, under which name, how many. */
interface Order {
  /** bwrap where it is not given. */
  readonly backend?: SandboxBackend;
  /** Where Docker is, for that backend. */
  readonly docker?: DockerPlace;
  readonly folder: string;
  readonly word: string;
  readonly runs: number;
  readonly without: readonly Protection[];
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const host = await hostOf(order.backend ?? 'bwrap', {
  docker: order.docker,
  folder: order.folder,
  cgroups: findOwnCgroups(),
  without: new Set(order.without),
});
const sandbox = bwrapSandbox(host);
const script = `exec -a ${order.word} sleep 600`;
await Promise.all(
  Array.from({ length: order.runs }, async () => {
    await sandbox.run({
      lane: 'command',
      argv: ['/bin/bash', '-c', script],
      grants: [{ host: process.cwd() + '/domain/sandbox', path: '/work', mode: 'copy' }],
      ...{ env: {}, stdin: '', seed: '', workFolder: '/work' },
      limits: completeLimits({ timeMs: 600_000 }),
    });
  }),
);
