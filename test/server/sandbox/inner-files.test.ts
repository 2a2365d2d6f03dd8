import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Grant, SandboxResult } from '../../../domain/sandbox/run.ts';
import { shellCommand } from '../../support/sandbox/commands.ts';
import { sandboxesForCopies, waysOfCopies } from './shared-sandbox.ts';
import type { WayOfCopies } from './shared-sandbox.ts';

const own = sandboxesForCopies();

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-inner-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'project', 'in'), { recursive: true });
  writeFileSync(join(folder, 'project', 'in', 'settings'), 'of the project\n');
  writeFileSync(join(folder, 'project', 'text'), 'text\n');
  writeFileSync(join(folder, 'given'), 'given\n', { mode: 0o644 });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(way: WayOfCopies, script: string, grants: Grant[]): Promise<SandboxResult> {
  return await own[way].sandbox.run(shellCommand(script, { grants }));
}

const project = (mode: Grant['mode']): Grant => {
  return { host: join(folder, 'project'), path: '/work', mode };
};
const given = (path: string): Grant => ({ host: join(folder, 'given'), path, mode: 'read' });

describe.each(waysOfCopies)('a file granted in a copy %s', (way) => {
  test.each(['/work/in/settings', '/work/in/new', '/work/new/deep/file'])(
    'is that file at %s, and no change',
    async (path) => {
      const script = `cat ${path}; (echo x > ${path}) 2>/dev/null && echo FOUND; echo more >> text`;

      const result = await run(way, script, [project('copy'), given(path)]);

      expect(result).toMatchObject({ status: 'ok', stdout: 'given\n', stderr: '' });
      expect(result.diff).toContain('+more');
      expect(result.diff?.match(/^diff --git/gm)).toHaveLength(1);
      expect(readFileSync(join(folder, 'given'), 'utf8')).toBe('given\n');
    },
  );
});

test.each(['/work/in/settings', '/work/in/new', '/work/new/deep/file'])(
  'a file granted in a folder to write to is that file at %s, and what it covers stays',
  async (path) => {
    const script = `cat ${path}; (echo x > ${path}) 2>/dev/null && echo FOUND; echo more >> text`;

    const result = await run('laid over', script, [project('write'), given(path)]);

    expect(result).toMatchObject({ status: 'ok', stdout: 'given\n', stderr: '' });
    expect(readFileSync(join(folder, 'project', 'text'), 'utf8')).toBe('text\nmore\n');
    expect(readFileSync(join(folder, 'project', 'in', 'settings'), 'utf8')).toBe(
      'of the project\n',
    );
  },
);

test('a file granted in a work folder of the run’s own is that file', async () => {
  const result = await run('laid over', 'cat in/file', [given('/work/in/file')]);

  expect(result).toMatchObject({ status: 'ok', stdout: 'given\n' });
});

test('a file granted where a folder to write to has a folder is refused, with the path', async () => {
  const grants = [project('write'), given('/work/in')];

  const result = await run('laid over', 'true', grants);

  expect(result.status).toBe('refused');
  expect(result.reason).toBe(`${join(folder, 'project', 'in')} is a folder, expected the other`);
});
