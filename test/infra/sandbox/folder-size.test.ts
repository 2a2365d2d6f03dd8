import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { fileSystemSize, folderSize } from '../../../infra/sandbox/folder-size.ts';

const MEGABYTE = 1_000_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-size-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('counts everything below', async () => {
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  writeFileSync(join(folder, 'a', 'b', 'file'), Buffer.alloc(MEGABYTE, 1));

  const size = await folderSize(folder);

  expect(size).toBeGreaterThanOrEqual(MEGABYTE);
  expect(size).toBeLessThan(MEGABYTE + 100_000);
});

test('counts empty files too, since each takes its place', async () => {
  for (let index = 0; index < 500; index++) writeFileSync(join(folder, String(index)), '');

  expect(await folderSize(folder)).toBeGreaterThanOrEqual(500 * 512);
});

test('stops where that is more than enough', async () => {
  for (let index = 0; index < 500; index++) writeFileSync(join(folder, String(index)), '');

  const size = await folderSize(folder, 10_000);

  expect(size).toBeGreaterThan(10_000);
  expect(size).toBeLessThan(20_000);
});

test('counts a file with holes as if they were filled, since git stores it so', async () => {
  writeFileSync(join(folder, 'file'), '');
  truncateSync(join(folder, 'file'), MEGABYTE);

  expect(await folderSize(folder)).toBeGreaterThanOrEqual(MEGABYTE);
});

test('counts links as themselves', async () => {
  symlinkSync('/usr', join(folder, 'link'));

  expect(await folderSize(folder)).toBeLessThan(100_000);
});

test('counts a file as often as it has names', async () => {
  writeFileSync(join(folder, 'one'), Buffer.alloc(MEGABYTE, 1));
  linkSync(join(folder, 'one'), join(folder, 'two'));

  expect(await folderSize(folder)).toBeGreaterThanOrEqual(2 * MEGABYTE);
});

test('counts a tree without end as endless', async () => {
  mkdirSync(join(folder, ...Array.from({ length: 300 }, () => 'd')), { recursive: true });

  expect(await folderSize(folder)).toBe(Infinity);
});

test('counts a folder that is not there as nothing', async () => {
  expect(await folderSize(join(folder, 'absent'))).toBe(0);
});

test('tells what a file system holds', () => {
  expect(fileSystemSize(folder)).toBeGreaterThan(0);
});
