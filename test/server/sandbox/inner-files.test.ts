import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { Grant, Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import { bwrapSandbox, createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { stateFolder } from './own-sandbox.ts';

const INSTALL_MS = 300_000;

let states: string[];
let sandboxes: Record<'laid over' | 'made whole', Sandbox>;
let folder: string;

beforeAll(async () => {
  ensureSandboxTools();
  states = [stateFolder(null), stateFolder(null)];
  const [over = '', whole = ''] = states;
  const laid = await createSandbox({ backend: 'bwrap', folder: over });
  const made = bwrapSandbox(setUpHost({ folder: whole, firstUid: 300_000 }, laid.backend));
  sandboxes = { 'laid over': laid, 'made whole': made };
}, INSTALL_MS);

afterAll(async () => {
  for (const sandbox of Object.values(sandboxes)) await sandbox.close();
  for (const state of states) rmSync(state, { recursive: true });
});

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

async function run(sandbox: Sandbox, script: string, grants: Grant[]): Promise<SandboxResult> {
  return await sandbox.run({
    lane: 'command',
    argv: ['/bin/bash', '-c', script],
    ...{ grants, env: {}, stdin: '', seed: '', workFolder: '/work' },
    limits: completeLimits({ timeMs: 30_000 }),
  });
}

const project = (mode: Grant['mode']): Grant => {
  return { host: join(folder, 'project'), path: '/work', mode };
};
const given = (path: string): Grant => ({ host: join(folder, 'given'), path, mode: 'read' });

describe.each(['laid over', 'made whole'] as const)('a file granted in a copy %s', (way) => {
  test.each(['/work/in/settings', '/work/in/new', '/work/new/deep/file'])(
    'is that file at %s, and no change',
    async (path) => {
      const script = `cat ${path}; (echo x > ${path}) 2>/dev/null && echo FOUND; echo more >> text`;

      const result = await run(sandboxes[way], script, [project('copy'), given(path)]);

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

    const result = await run(sandboxes['laid over'], script, [project('write'), given(path)]);

    expect(result).toMatchObject({ status: 'ok', stdout: 'given\n', stderr: '' });
    expect(readFileSync(join(folder, 'project', 'text'), 'utf8')).toBe('text\nmore\n');
    expect(readFileSync(join(folder, 'project', 'in', 'settings'), 'utf8')).toBe(
      'of the project\n',
    );
  },
);

test('a file granted in a work folder of the run’s own is that file', async () => {
  const result = await run(sandboxes['laid over'], 'cat in/file', [given('/work/in/file')]);

  expect(result).toMatchObject({ status: 'ok', stdout: 'given\n' });
});

test('a file granted where a folder to write to has a folder is refused, with the path', async () => {
  const grants = [project('write'), given('/work/in')];

  const result = await run(sandboxes['laid over'], 'true', grants);

  expect(result.status).toBe('refused');
  expect(result.reason).toBe(`${join(folder, 'project', 'in')} is a folder, expected the other`);
});
