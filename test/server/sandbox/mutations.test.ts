import { beforeAll, expect, test } from '@jest/globals';

import { protections } from '../../../infra/sandbox/protections.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { probeOn } from './engines.ts';
import type { EngineKind } from './engines.ts';
import { setUpMs } from './own-sandbox.ts';

interface Mutation {
  readonly without: readonly [Protection, ...Protection[]];
  /** The probe that notices. */
  readonly noticedBy: string;
  readonly usesCgroups?: boolean;
}

/**
 * One protection taken away, and the probe that is there for it. Where two stand behind each other, both are taken
 * away: with the other one alone the probe does not come through, as its own line shows.
 */
const mutations: readonly Mutation[] = [
  { without: ['seccomp'], noticedBy: 'wide doors into the kernel' },
  { without: ['seccomp'], noticedBy: 'sockets of other families' },
  { without: ['seccomp'], noticedBy: 'making a set-user-id file' },
  { without: ['seccomp'], noticedBy: 'new namespaces' },
  { without: ['seccomp'], noticedBy: 'typing into a terminal' },
  { without: ['user-namespace-locked', 'seccomp'], noticedBy: 'user namespace' },
  { without: ['capabilities-dropped'], noticedBy: 'capabilities' },
  { without: ['network-namespace'], noticedBy: 'listening TCP socket of the host' },
  { without: ['network-namespace'], noticedBy: 'abstract Unix socket of the host' },
  { without: ['process-namespace'], noticedBy: 'process of the host' },
  { without: ['ipc-namespace'], noticedBy: 'shared memory of the host' },
  { without: ['own-session'], noticedBy: 'terminal of the engine' },
  { without: ['own-host-name'], noticedBy: 'name of the host' },
  { without: ['own-settings'], noticedBy: 'settings of the host' },
  { without: ['own-settings'], noticedBy: 'shadow file' },
  { without: ['own-devices'], noticedBy: 'devices of the host' },
  { without: ['quiet-npm'], noticedBy: 'scripts that npm runs by itself' },
  { without: ['own-git'], noticedBy: 'git trap in a copied repository' },
  { without: ['clean-environment'], noticedBy: 'environment of the engine' },
  { without: ['closed-descriptors'], noticedBy: 'descriptor left open to the engine' },
  // The watchdog on the disk would see the host's and end it early.
  { without: ['own-temporary-files', 'disk-limit'], noticedBy: 'file of the host' },
  { without: ['read-only-root'], noticedBy: 'writing outside' },
  { without: ['real-pipes'], noticedBy: 'writing to /dev/stderr' },
  { without: ['link-checks'], noticedBy: 'granted path through a planted link' },
  { without: ['link-checks'], noticedBy: 'mount point that is a planted link' },
  { without: ['closed-repository'], noticedBy: 'settings of a granted repository' },
  { without: ['plain-artifacts'], noticedBy: 'artifact that is a link' },
  { without: ['time-limit'], noticedBy: 'sleeping for ever' },
  { without: ['processor-limit'], noticedBy: 'computing for ever' },
  { without: ['memory-limit'], noticedBy: 'memory bomb of many', usesCgroups: false },
  { without: ['process-limit'], noticedBy: 'fork bomb', usesCgroups: false },
  { without: ['file-limit'], noticedBy: 'one endless file' },
  { without: ['open-file-limit'], noticedBy: 'open files without end' },
  { without: ['lock-limit'], noticedBy: 'locked memory' },
  { without: ['core-limit'], noticedBy: 'core of a program that crashed' },
  { without: ['disk-limit'], noticedBy: 'disk filler in the work folder' },
  { without: ['disk-limit'], noticedBy: 'disk filler where nobody may look' },
  { without: ['disk-limit'], noticedBy: 'disk filler in temporary files' },
  { without: ['disk-limit'], noticedBy: 'disk filler in shared memory' },
  { without: ['disk-limit'], noticedBy: 'disk filler in removed files' },
  { without: ['disk-limit'], noticedBy: 'disk filler in removed files that are mapped' },
  { without: ['disk-limit'], noticedBy: 'disk filler in files on their way' },
  { without: ['disk-limit'], noticedBy: 'many empty files' },
  {
    without: ['disk-limit', 'memory-limit'],
    noticedBy: 'memory in files without a name',
    usesCgroups: false,
  },
  { without: ['output-limit'], noticedBy: 'output flood' },
];
// A private user is there only where the engine is root.
const rootMutations: readonly Mutation[] = [
  { without: ['private-uid'], noticedBy: 'file for root alone in a granted folder' },
  { without: ['private-uid'], noticedBy: 'fork bomb', usesCgroups: false },
];
// Only there do numbers of other worlds reach the same kernel.
const x86Mutations: readonly Mutation[] = [
  { without: ['seccomp'], noticedBy: 'calls of the x32 world' },
];
const ONE_PROBE_MS = 60_000;
const isX86 = process.arch === 'x64';
const isRoot = process.getuid?.() === 0;

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

test.each([...mutations, ...(isX86 ? x86Mutations : []), ...(isRoot ? rootMutations : [])])(
  'without $without the probe "$noticedBy" comes through',
  async ({ without, noticedBy, usesCgroups = true }) => {
    const kind: EngineKind = { name: '', uid: null, usesCgroups };

    const outcomes = await probeOn(kind, { without, probes: [noticedBy] });

    expect(outcomes).toMatchObject([{ name: noticedBy, isDiscovery: true }]);
  },
  ONE_PROBE_MS,
);

test('every protection has a probe that notices its absence', () => {
  const noticed = [...mutations, ...rootMutations].map(({ without }) => without[0]);
  // Shown by an engine that is killed, see engine-death.test.ts.
  const elsewhere: readonly Protection[] = ['dies-with-engine'];

  expect(new Set([...noticed, ...elsewhere])).toEqual(new Set(protections));
});
