import { beforeAll, expect, test } from '@jest/globals';

import { protections } from '../../../infra/sandbox/protections.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { hasRunsc } from './backends.ts';
import { engineKinds, probeOn } from './engines.ts';
import { setUpMs } from './own-sandbox.ts';

interface Mutation {
  readonly without: Protection;
  /** The probe that notices. */
  readonly noticedBy: string;
  /** Without cgroups; the memory of a program is held by one else. */
  readonly isBare?: boolean;
  /** Only root has private users to take away, and only a plain user owns what lies at `/` inside. */
  readonly who?: 'root' | 'plain';
}

/**
 * What stands between a program in runsc and the machine, as far as it is ours: the rest (namespaces, descriptors, the
 * environment, devices) is runsc's own and cannot be switched off.
 */
const mutations: readonly Mutation[] = [
  { without: 'seccomp', noticedBy: 'wide doors into the kernel' },
  { without: 'seccomp', noticedBy: 'sockets of other families' },
  { without: 'seccomp', noticedBy: 'making a set-user-id file' },
  { without: 'seccomp', noticedBy: 'new namespaces' },
  { without: 'capabilities-dropped', noticedBy: 'capabilities' },
  { without: 'read-only-root', noticedBy: 'writing outside', who: 'plain' },
  {
    without: 'private-uid',
    noticedBy: 'file for root alone in a granted folder',
    who: 'root',
  },
  { without: 'real-pipes', noticedBy: 'writing to /dev/stderr' },
  { without: 'quiet-npm', noticedBy: 'scripts that npm runs by itself' },
  { without: 'own-git', noticedBy: 'git trap in a copied repository' },
  { without: 'link-checks', noticedBy: 'granted path through a planted link' },
  { without: 'link-checks', noticedBy: 'mount point that is a planted link' },
  { without: 'closed-repository', noticedBy: 'settings of a granted repository' },
  { without: 'plain-artifacts', noticedBy: 'artifact that is a link' },
  { without: 'time-limit', noticedBy: 'sleeping for ever' },
  { without: 'processor-limit', noticedBy: 'computing for ever' },
  { without: 'memory-limit', noticedBy: 'memory bomb of many', isBare: true },
  { without: 'process-limit', noticedBy: 'fork bomb' },
  { without: 'file-limit', noticedBy: 'one endless file' },
  { without: 'own-settings', noticedBy: 'settings of the host' },
  { without: 'core-limit', noticedBy: 'core of a program that crashed' },
  { without: 'open-file-limit', noticedBy: 'open files without end' },
  { without: 'disk-limit', noticedBy: 'disk filler in the work folder' },
  { without: 'disk-limit', noticedBy: 'disk filler in temporary files' },
  { without: 'disk-limit', noticedBy: 'disk filler in shared memory' },
  { without: 'disk-limit', noticedBy: 'disk filler in removed files' },
  { without: 'disk-limit', noticedBy: 'many empty files' },
  { without: 'output-limit', noticedBy: 'output flood' },
];
/** What runsc has in any case, whatever it is told. */
const runscsOwn: readonly Protection[] = [
  ...([
    'user-namespace-locked',
    'network-namespace',
    'process-namespace',
    'ipc-namespace',
  ] as const),
  ...(['own-session', 'own-host-name', 'own-devices', 'clean-environment'] as const),
  ...(['closed-descriptors', 'own-temporary-files', 'lock-limit'] as const),
];
/** Shown by an engine that is killed, see container-death.test.ts. */
const elsewhere: readonly Protection[] = ['dies-with-engine'];
const ONE_PROBE_MS = 60_000;
const backends = hasRunsc() ? (['runsc'] as const) : [];
const kinds = engineKinds();
const plain = kinds.find(({ uid }) => uid !== null);
const isRoot = process.getuid?.() === 0;

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

for (const backend of backends) {
  test.each(mutations.filter(isTried))(
    `${backend} without $without: the probe "$noticedBy" comes through`,
    async ({ without, noticedBy, isBare = false, who }) => {
      const uid = who === 'plain' ? (plain?.uid ?? null) : null;
      const kind = { name: '', uid, usesCgroups: !isBare && uid === null, backend };

      const outcomes = await probeOn(kind, { without: [without], probes: [noticedBy] });

      expect(outcomes).toMatchObject([{ name: noticedBy, isDiscovery: true }]);
    },
    ONE_PROBE_MS,
  );
}

test('every protection has a probe that notices its absence, or is runsc’s own', () => {
  const noticed = mutations.map(({ without }) => without);

  expect(new Set([...noticed, ...runscsOwn, ...elsewhere])).toEqual(new Set(protections));
});

function isTried({ who }: Mutation): boolean {
  if (who === 'root') return isRoot;
  return who === undefined || plain !== undefined || !isRoot;
}
