import { lstatSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import { containerConfig, makeRoot } from '../../../../infra/sandbox/oci/bundle.ts';
import type { BundleShape } from '../../../../infra/sandbox/oci/bundle.ts';
import { fullyProtected } from '../../../../infra/sandbox/protections.ts';

const shape: BundleShape = {
  root: '/bundle/root',
  mounts: [
    { path: '/work', source: '/host/work', isWritable: true, isFolder: true },
    { path: '/given', source: '/host/file', isWritable: false, isFolder: false },
  ],
  env: { KEY: 'value' },
  workFolder: '/work',
  limits: completeLimits({}),
  uid: 1000,
  argv: ['program'],
  without: fullyProtected,
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-bundle-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a program has no capability, no new privileges, a root it cannot write, and the usual limits', () => {
  const config = containerConfig(shape);

  expect(config).toMatchObject({
    root: { readonly: true },
    process: {
      user: { uid: 1000, gid: 1000 },
      noNewPrivileges: true,
      cwd: '/work',
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      args: expect.arrayContaining(['/enter', '/usr/bin/prlimit', 'program']) as unknown,
      env: expect.arrayContaining(['KEY=value', 'HOME=/tmp']) as unknown,
    },
    mounts: expect.arrayContaining([
      {
        destination: '/given',
        type: 'bind',
        source: '/host/file',
        options: ['rbind', 'nosuid', 'nodev', 'ro'],
      },
    ]) as unknown,
  });
});

test('the root has links as the host has, and a place for what is mounted', () => {
  const root = join(folder, 'root');
  const inner = { path: '/work/inner', source: '/x', isWritable: true, isFolder: true };

  makeRoot(
    root,
    [
      { path: '/usr', link: null },
      { path: '/bin', link: 'usr/bin' },
      { path: '/etc/ssl/certs', link: null },
    ],
    [...shape.mounts, inner],
    new Uint8Array([1]),
  );

  expect(readlinkSync(join(root, 'bin'))).toBe('usr/bin');
  expect(lstatSync(join(root, 'usr')).isDirectory()).toBe(true);
  expect(lstatSync(join(root, 'given')).isFile()).toBe(true);
  expect(lstatSync(join(root, 'work', 'inner'), { throwIfNoEntry: false })).toBeUndefined();
});
