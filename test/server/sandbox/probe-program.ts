import type { SandboxBackend } from '../../../domain/sandbox/run.ts';
import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { bwrapSandbox } from '../../../infra/sandbox/sandbox.ts';
import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { hostOf, ownFiles } from './backends.ts';
import { createPythonLane } from '../../../infra/sandbox/python/python-lane.ts';
import type { DockerPlace } from '../../support/sandbox/docker-daemon.ts';
import { setUpCanaries } from './canaries.ts';
import { asSnippet, withoutChannel } from './probe.ts';
import { probes } from './probes.ts';

/**
 * An engine for the probes: a program of its own, so that it has what engines have (an environment with keys, a
 * descriptor left open to it), runs as whoever started it, and can be killed.
 *
 * Its one argument says what to do; it answers with one line of JSON for every probe.
 */
interface Order {
  readonly backend: SandboxBackend;
  /** Where Docker is, for that backend. */
  readonly docker?: DockerPlace;
  readonly folder: string;
  readonly secret: string;
  readonly without: readonly Protection[];
  /** Names; all where none is given. */
  readonly probes: readonly string[];
  readonly usesCgroups: boolean;
  /** Where each probe runs: as the command that it is, or as a snippet of Python. */
  readonly lane: 'command' | 'python';
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
/** What is caught is caught long before that, however busy the machine; what is not lasts as long as this. */
const PROBE_MS_MAX = order.without.length === 0 ? 40_000 : 5000;
const canaries = await setUpCanaries(order.secret, ownFiles(order.backend));
const host = await hostOf(order.backend, {
  docker: order.docker,
  folder: order.folder,
  without: new Set(order.without),
  cgroups: order.usesCgroups ? findOwnCgroups() : { mode: 'none', parents: [] },
});
// It keeps interpreters warm, which other probes need not wait for.
const lanes = order.lane === 'python' ? { python: createPythonLane(host) } : {};
const sandbox = bwrapSandbox(host, lanes);
try {
  for (const probe of probes) {
    if (order.probes.length > 0 && !order.probes.includes(probe.name)) continue;
    const { argv, grants = [], limits = {} } = probe.run(canaries);
    const answer = await sandbox
      .run(
        {
          ...(order.lane === 'command'
            ? { lane: 'command', argv, workFolder: '/work' }
            : { lane: 'python', code: asSnippet(argv) }),
          ...{ grants, env: {}, stdin: '', seed: '' },
          limits: completeLimits({ timeMs: PROBE_MS_MAX, ...limits }),
        },
        AbortSignal.timeout(4 * PROBE_MS_MAX),
      )
      .then(
        (told) => {
          const result = order.lane === 'python' ? withoutChannel(told) : told;
          const files = result.files.map(({ path }) => path);
          const isDiscovery = probe.isDiscovery(result, canaries);
          return { isDiscovery, ...result, files, backend: result.backend.name };
        },
        (error: unknown) => ({ isDiscovery: true, fault: String(error) }),
      );
    process.stdout.write(`${JSON.stringify({ name: probe.name, ...answer })}\n`);
  }
} finally {
  await sandbox.close();
  await canaries.remove();
}
