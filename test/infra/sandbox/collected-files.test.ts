import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { collectFiles } from '../../../infra/sandbox/collected-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-collected-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const limits = { files: 3, bytes: 100 };

test('takes regular files along, in the order of their names', () => {
  mkdirSync(join(folder, 'b'));
  writeFileSync(join(folder, 'b', 'two'), 'second');
  writeFileSync(join(folder, 'a'), 'first');

  const { files, leftOut } = collectFiles(folder, limits);

  expect(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])).toEqual([
    ['a', 'first'],
    ['b/two', 'second'],
  ]);
  expect(leftOut).toEqual([]);
});

test('leaves out links of both kinds and pipes, saying so', () => {
  writeFileSync(join(folder, 'own'), 'x');
  linkSync(join(folder, 'own'), join(folder, 'second-name'));
  symlinkSync('/etc/passwd', join(folder, 'symbolic'));
  symlinkSync('/etc', join(folder, 'to-folder'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);

  const { files, leftOut } = collectFiles(folder, limits);

  expect(files).toEqual([]);
  expect(leftOut.map((each) => each.split(':')[0])).toEqual([
    ...['own', 'pipe', 'second-name', 'symbolic', 'to-folder'],
  ]);
});

test('leaves out what is too many', () => {
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(folder, name), 'x');

  const { files, leftOut } = collectFiles(folder, limits);

  expect(files).toHaveLength(3);
  expect(leftOut).toEqual(['d: expected at most 3 files']);
});

test('leaves out what is too large, and takes what fits after it', () => {
  writeFileSync(join(folder, 'a'), 'x'.repeat(60));
  writeFileSync(join(folder, 'b'), 'x'.repeat(60));
  writeFileSync(join(folder, 'c'), 'x'.repeat(40));

  const { files, leftOut } = collectFiles(folder, limits);

  expect(files.map(({ path }) => path)).toEqual(['a', 'c']);
  expect(leftOut).toEqual(['b: 60 bytes, expected at most 40 more']);
});

test('leaves out what lies too deep', () => {
  const deep = join(folder, ...Array.from({ length: 20 }, () => 'd'));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'file'), 'x');

  const { files, leftOut } = collectFiles(folder, limits);

  expect(files).toEqual([]);
  expect(leftOut).toHaveLength(1);
});

test('takes nothing from a folder that was never made', () => {
  expect(collectFiles(join(folder, 'absent'))).toEqual({ files: [], leftOut: [] });
});
