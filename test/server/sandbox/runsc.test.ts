import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import type { SandboxResult } from '../../../domain/sandbox/run.ts';
import { command, shellCommand } from '../../support/sandbox/commands.ts';
import type { GivenCommand } from '../../support/sandbox/commands.ts';
import { makeRepository } from '../../support/sandbox/repositories.ts';
import { pythonSnippet, snippet } from '../../support/sandbox/snippets.ts';
import { hasRunsc } from './backends.ts';
import { cancelledOnceBegun, folderForEach, sharedSandbox } from './shared-sandbox.ts';

// Where the machine has no runsc, the same holds for the backend that it has.
const backend = hasRunsc() ? 'runsc' : 'bwrap';

const own = sharedSandbox({ backend });
const onHost = folderForEach();

async function shell(script: string, given: GivenCommand = {}): Promise<SandboxResult> {
  return await own.sandbox.run(shellCommand(script, given));
}

test(`is ${backend}, and proves what it does before its first run`, () => {
  const parts = backend === 'runsc' ? 'own-kernel' : 'namespaces';

  expect(own.sandbox.backend.name).toBe(backend);
  expect(own.sandbox.backend.proven).toEqual(
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
    backend: own.sandbox.backend,
  });
  expect(result.stdout).toMatch(/^input \/work\n(sandbox|root)\n$/);
});

test('a program that is not there, one that a signal ends and one that ends as runsc would are told apart', async () => {
  const results = [
    await own.sandbox.run(command(['nowhere-program'])),
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

test('a cancelled run ends long before its time, with what it wrote so far', async () => {
  const script = 'trap "" TERM INT; echo begun; echo > /begun/now; sleep 600 & sleep 600';
  const result = await cancelledOnceBegun(onHost.folder, async (grants, signal) => {
    const run = shellCommand(script, { grants, limits: { timeMs: 600_000 } });
    return await own.sandbox.run(run, signal);
  });

  expect(result).toMatchObject({ status: 'killed', exitCode: null, stdout: 'begun\n' });
});

test('a copied repository is changed inside, with dependencies in its midst, and told as a diff', async () => {
  const host = join(onHost.folder, 'repository');
  const modules = join(onHost.folder, 'modules');
  makeRepository(host, { 'inner/text': 'one\n' });
  mkdirSync(modules);
  writeFileSync(join(modules, 'package'), 'theirs');

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
  chmodSync(onHost.folder, 0o755);
  writeFileSync(join(onHost.folder, 'file'), 'content');

  const result = await shell('cat /given /work/in/it/file', {
    grants: [
      { host: join(onHost.folder, 'file'), path: '/given', mode: 'read' },
      { host: onHost.folder, path: '/work/in/it', mode: 'read' },
    ],
  });

  expect(result).toMatchObject({ status: 'ok', stdout: 'contentcontent' });
});

test('Python snippets give their value', async () => {
  const code = 'output([input(), 6 * 7])';

  const result = await own.sandbox.run(pythonSnippet(code, { stdin: 'input' }));

  expect(result).toMatchObject({
    status: 'ok',
    value: '["input",42]',
    backend: own.sandbox.backend,
  });
});

test('JavaScript snippets give the value and the fuel that they give everywhere', async () => {
  const code = 'const n: number = 6; [input, n * 7]';

  const result = await own.sandbox.run(snippet(code, { stdin: 'input' }));

  expect(result).toMatchObject({ status: 'ok', value: '["input",42]', fuelUsed: 1 });
});

test('a snippet that goes on for ever ends by its time', async () => {
  const endless = pythonSnippet('while True: pass', { limits: { timeMs: 500 } });

  expect(await own.sandbox.run(endless)).toMatchObject({ status: 'timeout' });
});
