import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { findCgroups, makeCgroup } from '../../../infra/sandbox/cgroup.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'conclave-cgroup-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

/** A folder as the kernel would show a cgroup. */
function cgroup(path: string, files: Record<string, string> = {}): string {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries({ 'cgroup.procs': '', ...files })) {
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const v1Mount = (): string => `36 25 0:31 / ${root}/memory rw - cgroup cgroup rw,memory\n`;
const v2Mount = (at = '/'): string => `30 25 0:27 ${at} ${root} rw - cgroup2 cgroup2 rw\n`;

describe('findCgroups', () => {
  test('takes a unified hierarchy that gives memory to the folders below', () => {
    const folder = cgroup('engine', { 'cgroup.subtree_control': 'cpu memory pids\n' });

    expect(findCgroups({ own: '0::/engine\n', mounts: v2Mount() })).toEqual({
      mode: 'v2',
      parents: [folder],
    });
  });

  test('takes the folder above where the engine sits in a leaf of its own', () => {
    const above = cgroup('service', { 'cgroup.subtree_control': 'memory pids\n' });
    cgroup('service/engine', { 'cgroup.subtree_control': '\n' });

    expect(findCgroups({ own: '0::/service/engine\n', mounts: v2Mount() })).toEqual({
      mode: 'v2',
      parents: [above],
    });
  });

  test('counts from the root of the mount where a container shows only a part', () => {
    const folder = cgroup('engine', { 'cgroup.subtree_control': 'memory' });

    const found = findCgroups({ own: '0::/docker/a/engine\n', mounts: v2Mount('/docker/a') });

    expect(found).toEqual({ mode: 'v2', parents: [folder] });
  });

  test('falls back to the older hierarchy of memory', () => {
    const folder = cgroup('memory/own');

    const own = '4:memory:/own\n8:pids:/\n0::/\n';

    expect(findCgroups({ own, mounts: `${v1Mount()}${v2Mount()}` })).toEqual({
      mode: 'v1',
      parents: [folder],
    });
  });

  test.each([
    ['there are no mounts', ''],
    ['its mount is of something else', '36 25 0:31 / /memory rw - tmpfs tmpfs rw\n'],
    ['its mount line is cut short', '36 25 0:31\n'],
    ['its folder is not there', '36 25 0:31 / /nowhere rw - cgroup cgroup rw,memory\n'],
  ])('finds none where %s', (_, mounts) => {
    expect(findCgroups({ own: '4:memory:/\n', mounts })).toEqual({ mode: 'none', parents: [] });
  });
});

describe('makeCgroup', () => {
  const limits = completeLimits({ memoryBytes: 64 * 1024 * 1024, processes: 9 });

  test('makes none where there are none to be used', () => {
    expect(makeCgroup({ mode: 'none', parents: [] }, 'run', limits)).toBeUndefined();
  });

  test('takes the place of one that could not be removed before', () => {
    mkdirSync(join(root, 'run'));

    const made = makeCgroup({ mode: 'v1', parents: [root] }, 'run', limits);

    expect(made?.paths).toEqual([join(root, 'run')]);
  });

  test('puts processes in and removes the folder', async () => {
    const made = makeCgroup({ mode: 'v1', parents: [root] }, 'run', limits);
    await made?.add(4321);

    expect(readFileSync(join(root, 'run', 'cgroup.procs'), 'utf8')).toBe('4321');
    expect(made?.pids()).toEqual([4321]);
    rmSync(join(root, 'run', 'cgroup.procs'));
    await made?.remove();
    await made?.remove();
    expect(() => readFileSync(join(root, 'run'))).toThrow('ENOENT');
  });

  test('reads what the older kind tells', () => {
    const made = makeCgroup({ mode: 'v1', parents: [root] }, 'run', limits);
    cgroup('run', {
      'memory.max_usage_in_bytes': '1048576\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    });

    expect(made?.usage()).toEqual({
      peakMemoryBytes: 1048576,
      processorMs: null,
      memoryKills: 3,
    });
  });

  test('reads what the unified kind tells', () => {
    const made = makeCgroup({ mode: 'v2', parents: [root] }, 'run', limits);
    cgroup('run', {
      'memory.peak': '2048\n',
      'cpu.stat': 'usage_usec 2500\nuser_usec 1\n',
      'memory.events': 'low 0\noom 1\noom_kill 1\n',
    });

    expect(made?.usage()).toEqual({ peakMemoryBytes: 2048, processorMs: 2.5, memoryKills: 1 });
  });

  test('tells nothing where the kernel does not', () => {
    const made = makeCgroup({ mode: 'v2', parents: [root] }, 'run', limits);

    expect(made?.usage()).toEqual({ peakMemoryBytes: null, processorMs: null, memoryKills: 0 });
    expect(made?.pids()).toEqual([]);
  });
});
