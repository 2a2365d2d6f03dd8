import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { openPartLog } from '../../../infra/stack/part-log.ts';

const TURNS_OVER_AT = 16 * 1024 * 1024;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-log-'));
  mkdirSync(join(folder, 'logs'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a part's log", () => {
  test('keeps the last thirty lines at hand, and all of them in its file', () => {
    const log = openPartLog(folder, 'part');
    const lines = Array.from({ length: 40 }, (_, index) => `line ${String(index)}`);

    for (const line of lines) log.write(`${line}\n\n`);
    log.close();

    expect(log.lastLines()).toEqual(lines.slice(10));
    expect(readFileSync(log.path, 'utf8').split('\n').filter(Boolean)).toEqual(lines);
  });

  test('keeps the log of the run before beside it', () => {
    const first = openPartLog(folder, 'part');
    first.write('before\n');
    first.close();

    openPartLog(folder, 'part').close();

    expect(readFileSync(`${first.path}.1`, 'utf8')).toBe('before\n');
    expect(readFileSync(first.path, 'utf8')).toBe('');
  });

  test('turns over at sixteen megabytes', () => {
    const log = openPartLog(folder, 'part');

    log.write(Buffer.alloc(TURNS_OVER_AT, 'x'));
    log.write('after\n');
    log.close();

    expect(readFileSync(log.path, 'utf8')).toBe('after\n');
    expect(readFileSync(`${log.path}.1`)).toHaveLength(TURNS_OVER_AT);
  });

  test('writes nothing into the file that has got its number once it is closed', () => {
    const log = openPartLog(folder, 'part');
    log.close();
    const other = join(folder, 'other');
    const file = openSync(other, 'a');

    log.write('late\n');
    log.close();

    closeSync(file);
    expect(readFileSync(other, 'utf8')).toBe('');
  });
});
