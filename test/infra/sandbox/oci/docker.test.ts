import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import type { CommandRun, Sandbox } from '../../../../domain/sandbox/run.ts';
import { setUpDockerHost } from '../../../../infra/sandbox/oci/docker-host.ts';
import type { DockerHost } from '../../../../infra/sandbox/oci/docker-host.ts';
import { bwrapSandbox } from '../../../../infra/sandbox/sandbox.ts';

const standIn = join(import.meta.dirname, '../../../support/sandbox/stand-in-docker.sh');
const unproven = { name: 'docker', version: '', proven: [] };

let folder: string;
let docker: string;
let sandboxes: Sandbox[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-docker-'));
  chmodSync(folder, 0o711);
  docker = join(folder, 'docker');
  copyFileSync(standIn, docker);
  sandboxes = [];
});

afterEach(async () => {
  for (const sandbox of sandboxes) await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function found(changes: { docker?: string; image?: string } = {}): Promise<DockerHost> {
  const options = { folder: join(folder, 'state'), docker, image: 'image', ...changes };
  return await setUpDockerHost(options, unproven);
}

async function sandbox(): Promise<Sandbox> {
  const host = await found();
  if (host.kind === 'unfit') throw new Error(host.reason);
  const made = bwrapSandbox(host.host);
  sandboxes.push(made);
  return made;
}

function command(argv: readonly string[], changes: Partial<CommandRun> = {}): CommandRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'seed', workFolder: '/work' };
  return { lane: 'command', argv, ...nothing, limits: completeLimits({}), ...changes };
}

function asked(): string {
  return readFileSync(join(folder, 'asked'), 'utf8');
}

const machines = process.arch === 'x64' ? ['x86-64'] : [];
for (const machine of machines) {
  test(`on ${machine} a run is told its input and variables, and its code comes from the engine`, async () => {
    const script = 'cat; echo "$KEY $CONCLAVE_SEED" >&2; exit 9';

    const result = await (
      await sandbox()
    ).run(command(['/bin/sh', '-c', script], { stdin: 'input', env: { KEY: 'value' } }));

    expect(result).toMatchObject({
      status: 'error',
      exitCode: 9,
      stdout: 'input',
      stderr: 'value seed\n',
      peakMemoryBytes: null,
    });
    expect(asked()).toMatch(/--runtime runsc --network none/);
    expect(asked()).not.toContain('value');
    expect(readdirSync(join(folder, 'containers'))).toEqual([]);
  });

  test(`on ${machine} what the kernel ended for want of memory has that status`, async () => {
    writeFileSync(join(folder, 'out-of-memory'), '');

    const result = await (await sandbox()).run(command(['/bin/sh', '-c', 'exit 137']));

    expect(result).toMatchObject({ status: 'memory', exitCode: null });
  });

  test(`on ${machine} a run that takes too long is ended by asking the engine`, async () => {
    const limits = completeLimits({ timeMs: 300 });

    const result = await (await sandbox()).run(command(['/bin/sleep', '600'], { limits }));

    expect(result).toMatchObject({ status: 'timeout' });
    expect(asked()).toMatch(/^kill conclave-sandbox-/m);
  });

  test(`on ${machine} a variable that Docker cannot be told is named`, async () => {
    const result = await (await sandbox()).run(command(['/bin/true'], { env: { KEY: 'a\nb' } }));

    expect(result).toMatchObject({ status: 'refused' });
    expect(result.reason).toMatch(/^env\.KEY: got a line break/);
  });

  test(`on ${machine} containers of dead engines are removed, those of living ones stay`, async () => {
    const living = `living ${process.pid}:`;
    writeFileSync(join(folder, 'abandoned'), `dead 1:never\n${living}`);

    await sandbox();

    expect(asked()).toMatch(/^rm --force --volumes dead$/m);
  });

  test.each([
    { what: 'no program', changes: { docker: '/nowhere/docker' }, reason: /not there/ },
    { what: 'no image', changes: { image: 'other' }, reason: /CONCLAVE_SANDBOX_IMAGE: .* other/ },
  ])(`on ${machine} $what is a reason to refuse`, async ({ changes, reason }) => {
    const host = await found(changes);

    expect(host).toMatchObject({ kind: 'unfit' });
    expect(host.kind === 'unfit' && host.reason).toMatch(reason);
    expect(existsSync(join(folder, 'state', 'slots'))).toBe(false);
  });

  test(`on ${machine} an engine that does not answer is told in its own words`, async () => {
    writeFileSync(docker, '#!/bin/sh\necho "Cannot connect to it." >&2\nexit 1\n');

    expect(await found()).toEqual({
      kind: 'unfit',
      reason: 'no Docker engine answers: Cannot connect to it.',
      mend: 'install Docker and start its engine, or choose CONCLAVE_SANDBOX=bwrap',
    });
  });
}

test('without an image in the configuration nothing is tried', async () => {
  const host = await setUpDockerHost({ folder, docker }, unproven);

  expect(host).toMatchObject({ kind: 'unfit' });
  expect(existsSync(join(folder, 'asked'))).toBe(false);
});
