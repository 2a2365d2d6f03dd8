import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { listenIn } from '../../../infra/sandbox/run-socket.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-run-socket-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('gives the engine its end of the first stream, and is gone when it is closed', async () => {
  const socket = await listenIn(folder);
  const there = connect(socket.path);

  const here = await socket.first;
  socket.close();
  there.end('words');
  const heard: string[] = [];
  for await (const bytes of here) heard.push(String(bytes));

  expect(heard.join('')).toBe('words');
  expect(readdirSync(folder)).toEqual([]);
});

test('says so where no stream comes', async () => {
  const socket = await listenIn(folder, 1);

  await expect(socket.first).rejects.toThrow('no stream came within 1 ms');
  socket.close();
});
