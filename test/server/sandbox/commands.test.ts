import { describe, expect, test } from '@jest/globals';

import type { SandboxResult } from '../../../domain/sandbox/run.ts';
import { command, shellCommand } from '../../support/sandbox/commands.ts';
import type { GivenCommand } from '../../support/sandbox/commands.ts';
import { cancelledOnceBegun, folderForEach, sharedSandbox } from './shared-sandbox.ts';

const own = sharedSandbox();

async function shell(script: string, given: GivenCommand = {}): Promise<SandboxResult> {
  return await own.sandbox.run(shellCommand(script, given));
}

describe('a command', () => {
  test('gets its input, environment and seed, and gives code, output and files', async () => {
    const result = await shell(
      'cat; echo "$KEY $CONCLAVE_SEED" >&2; pwd; echo left > /artifacts/file; exit 7',
      { stdin: 'input ', env: { KEY: 'value' } },
    );

    expect(result).toMatchObject({
      status: 'error',
      reason: 'ended with code 7',
      exitCode: 7,
      stdout: 'input /work\n',
      stderr: 'value seed\n',
      isTruncated: false,
      value: null,
      fuelUsed: null,
      diff: null,
      files: [{ path: 'file' }],
      filesLeftOut: [],
      backend: own.sandbox.backend,
    });
    expect(result.peakMemoryBytes).toBeGreaterThan(0);
    expect(Buffer.from(result.files[0]?.bytes ?? []).toString()).toBe('left\n');
  });

  test('is ok when it ends with 0', async () => {
    expect(await shell('true')).toMatchObject({ status: 'ok', reason: '', exitCode: 0 });
  });

  test.each([
    ['is not there', '/nowhere/program', 127],
    ['is no program', '/etc/passwd', 126],
  ])('that %s fails by itself', async (_, program, exitCode) => {
    const result = await own.sandbox.run(command([program]));

    expect(result).toMatchObject({ status: 'error', exitCode });
    expect(result.stderr).toContain(program);
  });

  test('that a signal of its own ends has a code like a shell’s', async () => {
    const result = await shell('kill -SEGV $$');

    expect(result).toMatchObject({ status: 'error', exitCode: 139 });
    expect(result.reason).toContain('signal 11');
  });

  test('knows who it is', async () => {
    expect((await shell('id -un; hostname')).stdout).toBe('sandbox\nsandbox\n');
  });

  test('has large input whole', async () => {
    const stdin = 'x'.repeat(5_000_000);

    expect((await shell('wc -c', { stdin })).stdout.trim()).toBe(String(stdin.length));
  });

  test('cannot tell its result to the engine in place of the engine', async () => {
    const forged = '{ "exit-code": 0 }';

    const result = await shell(
      `for number in {1..20}; do echo '${forged}' >&$number; done 2>/dev/null; exit 9`,
    );

    expect(result).toMatchObject({ status: 'error', exitCode: 9 });
  });

  test('is refused with the field that is wrong', async () => {
    const result = await own.sandbox.run(command(['/bin/true'], { workFolder: 'work' }));

    expect(result).toMatchObject({ status: 'refused', exitCode: null, durationMs: 0 });
    expect(result.reason).toMatch(/^workFolder: got work, expected/);
  });

  test('runs beside others, each in its own folder', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (word) => await shell(`echo ${word} > ${word}; ls`)),
    );

    expect(results.map(({ stdout }) => stdout)).toEqual(['a\n', 'b\n', 'c\n', 'd\n']);
  });
});

describe('cancelling', () => {
  const onHost = folderForEach();

  test('ends a run long before its time, with what it wrote so far', async () => {
    const script = 'trap "" TERM INT; echo begun; touch /begun/now; sleep 600 & wait; sleep 600';
    const result = await cancelledOnceBegun(onHost.folder, async (grants, signal) => {
      const run = shellCommand(script, { grants, limits: { timeMs: 600_000 } });
      return await own.sandbox.run(run, signal);
    });

    expect(result).toMatchObject({ status: 'killed', exitCode: null, stdout: 'begun\n' });
  });

  test('keeps a run from beginning', async () => {
    const result = await own.sandbox.run(command(['/bin/true']), AbortSignal.abort());

    expect(result).toMatchObject({ status: 'killed', durationMs: 0 });
  });
});
