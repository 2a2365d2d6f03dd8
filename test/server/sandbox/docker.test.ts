import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Sandbox } from '../../../domain/sandbox/run.ts';
import { setUpDockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import type { DockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { bwrapSandbox } from '../../../infra/sandbox/sandbox.ts';
import { command } from '../../support/sandbox/commands.ts';
import { startDocker } from '../../support/sandbox/docker-daemon.ts';
import type { DockerDaemon } from '../../support/sandbox/docker-daemon.ts';
import { bringDocker } from '../../support/sandbox/docker-programs.ts';
import { hostProcesses } from '../../support/sandbox/processes.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { probeOn } from './engines.ts';
import { endEngine, killEngine, startEndless } from './killed-engines.ts';
import { ownSandbox, setUpMs, stateFolder } from './own-sandbox.ts';
import type { OwnSandbox } from './own-sandbox.ts';
import { probeOutcomes } from './probe-outcomes.ts';
import { probes } from './probes.ts';

const RUNS = 2;
const unproven = { name: 'docker', version: '', proven: [] } as const;
/** A wall of Docker's or of ours over it, and the probe that notices its absence. */
const mutations: readonly { without: Protection; noticedBy: string }[] = [
  { without: 'seccomp', noticedBy: 'sockets of other families' },
  { without: 'capabilities-dropped', noticedBy: 'capabilities' },
  { without: 'network-namespace', noticedBy: 'listening TCP socket of the host' },
  { without: 'process-limit', noticedBy: 'fork bomb' },
  { without: 'disk-limit', noticedBy: 'disk filler in removed files' },
];
const kind = { name: '', uid: null, usesCgroups: false, backend: 'docker' } as const;
const brought = bringDocker();
const engines = 'folder' in brought ? [brought.folder] : [];

for (const programs of engines) {
  describe('Docker', () => {
    suite(programs);
  });
}

function suite(programs: string): void {
  let engine: DockerDaemon;
  let own: OwnSandbox;
  let sandbox: Sandbox;
  /** Of what was set up, should the rest fail. */
  const ends: { engine?: () => Promise<void>; sandbox?: () => Promise<void> } = {};

  beforeAll(async () => {
    engine = await startDocker(programs);
    ends.engine = async () => {
      await engine.end();
    };
    own = await ownSandbox({ backend: 'docker', ...engine });
    ends.sandbox = own.remove;
    ({ sandbox } = own);
  }, setUpMs);

  afterAll(async () => {
    try {
      await ends.sandbox?.();
      const left = ends.sandbox === undefined ? [] : containers();
      if (left.length > 0) throw new Error(`the sandbox left ${left.join(', ')} behind`);
    } finally {
      await ends.engine?.();
    }
  });

  function containers(...words: readonly string[]): string[] {
    return engine
      .ask('ps', '--format', '{{.Names}}', ...words)
      .split('\n')
      .filter(Boolean);
  }

  /** What there is to be set up, which is not used. */
  async function found(changes: { socket?: string; image?: string }): Promise<DockerHost> {
    const host = await setUpDockerHost({ folder: own.folder, ...engine, ...changes }, unproven);
    if (host.kind === 'set-up') await bwrapSandbox(host.host).close();
    return host;
  }

  test('proves what it does before its first run', () => {
    expect(sandbox.backend.name).toBe('docker');
    expect(sandbox.backend.proven).toEqual(
      expect.arrayContaining(['namespaces', 'seccomp', 'descriptors-closed', 'links-refused']),
    );
  });

  describe('its probes', () => {
    const outcomeOf = probeOutcomes(async () => await probeOn({ ...kind, docker: engine }, {}));

    test.each(probes)('withstands the probe "$name"', (probe) => {
      expect(outcomeOf(probe)).toMatchObject({ name: probe.name, isDiscovery: false });
    });
  });

  test.each(mutations)(
    'without $without the probe "$noticedBy" comes through',
    async ({ without, noticedBy }) => {
      const order = { without: [without], probes: [noticedBy] };

      const seen = await probeOn({ ...kind, docker: engine }, order);

      expect(seen).toMatchObject([{ name: noticedBy, isDiscovery: true }]);
    },
  );

  test('a run is told its input and variables, and its code comes from the engine', async () => {
    const script = 'cat; echo "$KEY $CONCLAVE_SEED" >&2; id -un; exit 9';

    const result = await sandbox.run(
      command(['/bin/sh', '-c', script], { stdin: 'input ', env: { KEY: 'value' } }),
    );

    expect(result).toMatchObject({
      ...{ status: 'error', exitCode: 9, stdout: 'input sandbox\n', stderr: 'value seed\n' },
      peakMemoryBytes: null,
    });
    expect(containers('--all')).toEqual([]);
  });

  test('a cancelled run is ended, and its variables were in no command of the machine', async () => {
    const secret = `secret-${randomUUID()}`;
    const cancelling = new AbortController();
    const running = sandbox.run(
      command(['/bin/sleep', '600'], { env: { KEY: secret }, limits: { timeMs: 600_000 } }),
      cancelling.signal,
    );
    await untilSeen(
      async () => await Promise.resolve(containers().length),
      (count) => count === 1,
    );
    const commands = hostProcesses().flatMap(({ words }) => words);

    cancelling.abort();
    const result = await running;

    expect(result).toMatchObject({ status: 'killed' });
    expect(commands.join('\n')).not.toContain(secret);
    expect(containers('--all')).toEqual([]);
  });

  test('containers of a killed worker are removed by the next one, those of a living one stay', async () => {
    const folder = stateFolder();
    const order = { docker: engine, folder, word: randomUUID(), runs: RUNS, without: [] };
    const start = (): ChildProcess => startEndless({ backend: 'docker', ...order }, null);
    const [dying, living] = [start(), start()];

    try {
      await untilSeen(
        async () => await Promise.resolve(containers().length),
        (count) => count === 2 * RUNS,
      );
      await killEngine(dying);
      const outlived = containers().length;
      const next = await found({});

      expect(next.kind).toBe('set-up');
      expect([outlived, containers().length]).toEqual([2 * RUNS, RUNS]);
    } finally {
      for (const each of [dying, living]) await endEngine(each, folder);
      await found({});
    }
    expect(containers('--all')).toEqual([]);
  });

  test('a variable that Docker cannot be told is named', async () => {
    const result = await sandbox.run(command(['/bin/true'], { env: { KEY: 'a\nb' } }));

    expect(result).toMatchObject({ status: 'refused' });
    expect(result.reason).toMatch(/^env\.KEY: got a line break/);
  });

  test.each([
    { what: 'another image', changes: { image: 'other' }, reason: /_IMAGE: .* no image other$/ },
    { what: 'no image', changes: { image: '' }, reason: /CONCLAVE_SANDBOX_IMAGE/ },
    {
      what: 'no engine',
      changes: { socket: '/nowhere/socket' },
      reason: /^no Docker engine answers: .*unix:\/\/\/nowhere\/socket/,
    },
  ])('$what is a reason to refuse', async ({ changes, reason }) => {
    const host = await found(changes);

    expect(host).toMatchObject({ kind: 'unfit', reason: expect.stringMatching(reason) });
  });
}

test.each([
  { docker: '/nowhere/docker', image: 'image', reason: /^\/nowhere\/docker: not there; .* Docker/ },
  { docker: process.execPath, image: undefined, reason: /^CONCLAVE_SANDBOX_IMAGE: got nothing/ },
])('with $docker and the image $image every run is refused, and nothing is set up', async (row) => {
  const { reason, ...at } = row;
  const { sandbox, folder, remove } = await ownSandbox({ backend: 'docker', ...at });

  const result = await sandbox.run(command(['/bin/true']));
  const left = readdirSync(folder);
  await remove();

  expect(sandbox.backend.name).toBe('deny');
  expect(result).toMatchObject({ status: 'refused', durationMs: 0 });
  expect(result.reason).toMatch(reason);
  expect(left).toEqual([]);
});
