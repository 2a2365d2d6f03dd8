import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import type { SandboxResult } from '../../../domain/sandbox/run.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { command, shellCommand } from '../../support/sandbox/commands.ts';
import { ownSandbox, stateFolder } from './own-sandbox.ts';
import { endedOnceBegun, folderForEach, sharedSandbox } from './shared-sandbox.ts';

const own = sharedSandbox();
const onHost = folderForEach();

describe('where nothing protects', () => {
  test.each([
    {
      what: 'bwrap',
      options: { backend: 'bwrap', bwrap: '/nowhere/bwrap' },
      reason: /^\/nowhere\/bwrap is not there; to mend it: .*bubblewrap/,
    },
    {
      what: 'runsc',
      options: { backend: 'runsc', runsc: '/nowhere/runsc' },
      reason: /^\/nowhere\/runsc is not there; to mend it: .*apt-get install -y runsc/,
    },
  ] as const)('as without $what, every run is refused with what mends it', async (row) => {
    const { sandbox, remove } = await ownSandbox(row.options);

    const result = await sandbox.run(command(['/bin/true']));
    await remove();

    expect(sandbox.backend).toEqual({ name: 'deny', version: '', proven: [] });
    expect(result).toMatchObject({ status: 'refused', durationMs: 0 });
    expect(result.reason).toMatch(row.reason);
  });

  test('deny refuses by choice', async () => {
    const denying = await createSandbox({ backend: 'deny', folder: '/nowhere' });

    expect(await denying.run(command(['/bin/true']))).toMatchObject({ status: 'refused' });
  });
});

test('proves what it does before its first run', () => {
  expect(own.sandbox.backend.name).toBe('bwrap');
  expect(own.sandbox.backend.version).toMatch(/^\d+\.\d+/);
  expect(own.sandbox.backend.proven).toEqual(
    expect.arrayContaining(['namespaces', 'seccomp', 'descriptors-closed', 'links-refused']),
  );
});

test('an engine whose mask keeps others out runs all the same', async () => {
  const parent = stateFolder();
  const mask = process.umask(0o077);
  let result: SandboxResult;

  try {
    const folder = join(parent, 'made', 'here');
    const careful = await createSandbox({ backend: 'bwrap', folder });
    result = await careful.run(shellCommand('id -un; echo x > file'));
    await careful.close();
  } finally {
    process.umask(mask);
    rmSync(parent, { recursive: true });
  }

  expect(result).toMatchObject({ status: 'ok', stdout: 'sandbox\n' });
});

test('a closed sandbox has ended its runs and takes no more', async () => {
  const { sandbox: closing, remove } = await ownSandbox();
  try {
    const ended = await endedOnceBegun(onHost.folder, {
      start: async (grants) =>
        await closing.run(
          shellCommand('echo begun; touch /begun/now; sleep 600', {
            grants,
            limits: { timeMs: 600_000 },
          }),
        ),
      end: async () => {
        await closing.close();
      },
    });
    await closing.close();
    const late = await closing.run(command(['/bin/true']));

    expect(ended).toMatchObject({ status: 'killed', stdout: 'begun\n' });
    expect(late).toMatchObject({ status: 'refused', reason: 'the sandbox is closed' });
  } finally {
    await remove();
  }
});
