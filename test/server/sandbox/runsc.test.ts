import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun, Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../../infra/sandbox/snippet-lanes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { hasRunsc } from './backends.ts';
import { stateFolder } from './engines.ts';

const TOOLS_MS = 300_000;
const CANCELLED_MS = 1000;
const quietGit = { PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent' };
// Where the machine has no runsc, the same holds for the backend that it has.
const backend = hasRunsc() ? 'runsc' : 'bwrap';

let state: string;
let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  ensureSandboxTools();
  state = stateFolder(null);
  sandbox = await createSandbox({ backend, folder: state, makeLanes: makeSnippetLanes });
}, TOOLS_MS);

afterAll(async () => {
  await sandbox.close();
  const left = readdirSync(join(state, 'slots'));
  rmSync(state, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`the sandbox left ${left.join(', ')} behind`);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-given-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function command(argv: readonly string[], changes: Partial<CommandRun> = {}): CommandRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'seed', workFolder: '/work' };
  return { lane: 'command', argv, ...nothing, limits: completeLimits({}), ...changes };
}

async function shell(script: string, changes: Partial<CommandRun> = {}): Promise<SandboxResult> {
  return await sandbox.run(command(['/bin/bash', '-c', script], changes));
}

async function snippet(
  lane: 'javascript' | 'python',
  code: string,
  limits: Partial<SandboxLimits> = {},
): Promise<SandboxResult> {
  const nothing = { grants: [], env: {}, stdin: 'input', seed: 'seed' };
  return await sandbox.run({ lane, code, ...nothing, limits: completeLimits(limits) });
}

test(`is ${backend}, and proves what it does before its first run`, () => {
  const parts = backend === 'runsc' ? 'own-kernel' : 'namespaces';

  expect(sandbox.backend.name).toBe(backend);
  expect(sandbox.backend.proven).toEqual(
    expect.arrayContaining([parts, 'seccomp', 'descriptors-closed', 'links-refused']),
  );
});

test('a command gets its input, environment and seed, and gives code, output and files', async () => {
  const result = await shell(
    'cat; echo "$KEY $CONCLAVE_SEED" >&2; pwd; id -un; echo left > /artifacts/file; exit 7',
    { stdin: 'input ', env: { KEY: 'two\nlines' } },
  );

  expect(result).toMatchObject({
    status: 'error',
    exitCode: 7,
    stderr: 'two\nlines seed\n',
    files: [{ path: 'file' }],
    filesLeftOut: [],
    backend: sandbox.backend,
  });
  expect(result.stdout).toMatch(/^input \/work\n(sandbox|root)\n$/);
});

test('a program that is not there, one that a signal ends and one that ends as runsc would are told apart', async () => {
  const results = [
    await sandbox.run(command(['nowhere-program'])),
    await shell('kill -SEGV $$'),
    await shell('exit 128'),
  ];

  expect(results.map(({ status, exitCode }) => ({ status, exitCode }))).toEqual([
    { status: 'error', exitCode: 127 },
    { status: 'error', exitCode: 139 },
    { status: 'error', exitCode: 128 },
  ]);
  expect(results[0]?.stderr).toContain('nowhere-program');
});

test('a cancelled run ends within a second, with what it wrote so far', async () => {
  const canceller = new AbortController();
  const started = sandbox.run(
    command(
      ['/bin/bash', '-c', 'trap "" TERM INT; echo begun; echo > begun; sleep 600 & sleep 600'],
      {
        grants: [{ host: folder, path: '/work', mode: 'write' }],
        limits: completeLimits({ timeMs: 600_000 }),
      },
    ),
    canceller.signal,
  );
  await untilSeen(
    () => Promise.resolve(readdirSync(folder)),
    (seen) => seen.includes('begun'),
  );
  const cancelled = performance.now();
  canceller.abort();
  const result = await started;

  expect(performance.now() - cancelled).toBeLessThan(CANCELLED_MS);
  expect(result).toMatchObject({ status: 'killed', exitCode: null, stdout: 'begun\n' });
});

test('a copied repository is changed inside, with dependencies in its midst, and told as a diff', async () => {
  const host = join(folder, 'repository');
  const modules = join(folder, 'modules');
  mkdirSync(join(host, 'inner'), { recursive: true });
  mkdirSync(modules);
  writeFileSync(join(host, 'inner', 'text'), 'one\n');
  writeFileSync(join(modules, 'package'), 'theirs');
  execFileSync('git', ['-C', host, 'init', '-q'], { env: quietGit });

  const result = await shell('cat modules/package; echo two >> inner/text; touch modules/x; true', {
    grants: [
      { host, path: '/work', mode: 'copy' },
      { host: modules, path: '/work/modules', mode: 'read' },
    ],
  });

  expect(result).toMatchObject({ status: 'ok', stdout: 'theirs' });
  expect(result.diff).toContain('+two');
  expect(readFileSync(join(host, 'inner', 'text'), 'utf8')).toBe('one\n');
  expect(readdirSync(modules)).toEqual(['package']);
});

test('a file is granted as a folder is, and a folder in the run’s own work folder', async () => {
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'file'), 'content');

  const result = await shell('cat /given /work/in/it/file', {
    grants: [
      { host: join(folder, 'file'), path: '/given', mode: 'read' },
      { host: folder, path: '/work/in/it', mode: 'read' },
    ],
  });

  expect(result).toMatchObject({ status: 'ok', stdout: 'contentcontent' });
});

test('Python snippets give their value', async () => {
  const result = await snippet('python', 'output([input(), 6 * 7])');

  expect(result).toMatchObject({ status: 'ok', value: '["input",42]', backend: sandbox.backend });
});

test('JavaScript snippets give the value and the fuel that they give everywhere', async () => {
  const result = await snippet('javascript', 'const n: number = 6; [input, n * 7]');

  expect(result).toMatchObject({ status: 'ok', value: '["input",42]', fuelUsed: 1 });
});

test('a snippet that goes on for ever ends by its time', async () => {
  expect(await snippet('python', 'while True: pass', { timeMs: 500 })).toMatchObject({
    status: 'timeout',
  });
});
