import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun, Sandbox } from '../../../domain/sandbox/run.ts';
import { setUpDockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import type { DockerHost } from '../../../infra/sandbox/oci/docker-host.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { startDocker } from '../../support/sandbox/docker-daemon.ts';
import type { DockerDaemon } from '../../support/sandbox/docker-daemon.ts';
import { bringDocker } from '../../support/sandbox/docker-programs.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { outputOf, probeOn, startEngine, stateFolder } from './engines.ts';
import type { ProbeOutcome } from './engines.ts';
import { probes } from './probes.ts';

const ENGINE_MS = 300_000;
const ALL_PROBES_MS = 400_000;
const TEST_MS = 60_000;
const CANCELLED_MS = 1000;
const RUNS = 2;
const endless = join(import.meta.dirname, 'endless-program.ts');
const unproven = { name: 'docker', version: '', proven: [] } as const;
/** A wall of Docker's or of ours over it, and the probe that notices its absence. */
const mutations: readonly { without: Protection; noticedBy: string }[] = [
  { without: 'seccomp', noticedBy: 'sockets of other families' },
  { without: 'capabilities-dropped', noticedBy: 'capabilities' },
  { without: 'network-namespace', noticedBy: 'listening TCP socket of the host' },
  { without: 'process-limit', noticedBy: 'fork bomb' },
  { without: 'disk-limit', noticedBy: 'disk filler in removed files' },
];
const brought = bringDocker();
const engines = 'folder' in brought ? [brought.folder] : [];

beforeAll(() => {
  ensureSandboxTools();
}, ENGINE_MS);

for (const programs of engines) {
  describe('Docker', () => {
    suite(programs);
  });
}

function suite(programs: string): void {
  let engine: DockerDaemon;
  let state: string;
  let sandbox: Sandbox;
  let outcomes: readonly ProbeOutcome[];

  beforeAll(async () => {
    engine = await startDocker(programs);
    state = stateFolder(null);
    sandbox = await createSandbox({ backend: 'docker', folder: state, ...engine });
  }, ENGINE_MS);

  afterAll(async () => {
    await sandbox.close();
    rmSync(state, { recursive: true, force: true });
    const left = containers();
    await engine.end();
    if (left.length > 0) throw new Error(`the sandbox left ${left.join(', ')} behind`);
  }, TEST_MS);

  function containers(...words: readonly string[]): string[] {
    return engine
      .ask('ps', '--format', '{{.Names}}', ...words)
      .split('\n')
      .filter(Boolean);
  }

  async function found(changes: { socket?: string; image?: string }): Promise<DockerHost> {
    return await setUpDockerHost({ folder: state, ...engine, ...changes }, unproven);
  }

  test('proves what it does before its first run', () => {
    expect(sandbox.backend.name).toBe('docker');
    expect(sandbox.backend.proven).toEqual(
      expect.arrayContaining(['namespaces', 'seccomp', 'descriptors-closed', 'links-refused']),
    );
  });

  describe('its probes', () => {
    beforeAll(async () => {
      const kind = { name: '', uid: null, usesCgroups: false, backend: 'docker' } as const;
      outcomes = await probeOn({ ...kind, docker: engine }, {});
    }, ALL_PROBES_MS);

    test.each(probes.map(({ name, meaning }) => ({ name, meaning })))(
      'withstands the probe "$name"',
      ({ name, meaning }) => {
        const outcome = outcomes.find((each) => each.name === name);

        expect({ ...outcome, meaning }).toMatchObject({ name, isDiscovery: false, meaning });
      },
    );
  });

  test.each(mutations)(
    'without $without the probe "$noticedBy" comes through',
    async ({ without, noticedBy }) => {
      const kind = { name: '', uid: null, usesCgroups: false, backend: 'docker' } as const;
      const order = { without: [without], probes: [noticedBy] };

      const seen = await probeOn({ ...kind, docker: engine }, order);

      expect(seen).toMatchObject([{ name: noticedBy, isDiscovery: true }]);
    },
    TEST_MS,
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
      command(['/bin/sleep', '600'], { env: { KEY: secret } }),
      cancelling.signal,
    );
    await untilSeen(
      async () => await Promise.resolve(containers().length),
      (count) => count === 1,
    );
    const commands = commandsOfAll();
    const began = performance.now();

    cancelling.abort();
    const result = await running;

    expect(result).toMatchObject({ status: 'killed' });
    expect(performance.now() - began).toBeLessThan(CANCELLED_MS);
    expect(commands).not.toContain(secret);
    expect(containers('--all')).toEqual([]);
  });

  test(
    'containers of a killed worker are removed by the next one, those of a living one stay',
    async () => {
      const folder = stateFolder(null);
      const order = { backend: 'docker', docker: engine, folder, runs: RUNS, without: [] };
      const start = (word: string) =>
        startEngine(endless, { ...order, word }, { uid: null, env: {} });
      const [dying, living] = [start(randomUUID()), start(randomUUID())];
      const ends = [dying, living].map(outputOf);
      const count = async () => await Promise.resolve(containers().length);
      await untilSeen(count, (seen) => seen === 2 * RUNS);

      dying.kill('SIGKILL');
      await ends[0];
      const outlived = containers().length;
      const next = await found({});
      const left = containers().length;
      living.kill('SIGKILL');
      await ends[1];
      await found({});
      rmSync(folder, { recursive: true, force: true });

      expect(next.kind).toBe('set-up');
      expect([outlived, left]).toEqual([2 * RUNS, RUNS]);
      expect(containers('--all')).toEqual([]);
    },
    TEST_MS,
  );

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

test.each([{ docker: '/nowhere/docker', image: 'image' }, { docker: process.execPath }])(
  'without a program or an image nothing is asked and every run is refused: %j',
  async (at) => {
    const folder = stateFolder(null);
    const sandbox = await createSandbox({ backend: 'docker', folder, ...at });

    const result = await sandbox.run(command(['/bin/true']));
    await sandbox.close();
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true });

    expect(result).toMatchObject({ status: 'refused', durationMs: 0 });
    expect(result.reason).toMatch(/^(\/nowhere\/docker: not there|CONCLAVE_SANDBOX_IMAGE: got)/);
    expect(left).not.toContain('slots');
  },
);

function command(argv: readonly string[], changes: Partial<CommandRun> = {}): CommandRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'seed', workFolder: '/work' };
  return { lane: 'command', argv, ...nothing, limits: completeLimits({}), ...changes };
}

/** The words that every process of the machine was started with. */
function commandsOfAll(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // it ended between the two looks
      }
    })
    .join('\n');
}
