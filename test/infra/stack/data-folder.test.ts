import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  ensureApiKey,
  ensureSecret,
  judgeFolder,
  lockDataFolder,
  openDataFolder,
} from '../../../infra/stack/data-folder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-folder-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('judgeFolder', () => {
  test('takes an empty folder', () => {
    expect(judgeFolder('/d', [], undefined)).toEqual({ kind: 'empty' });
  });

  test('knows its own folder by the marker', () => {
    expect(judgeFolder('/d', ['conclave.json', 's3'], '{"version":1}')).toEqual({ kind: 'ours' });
  });

  test('refuses a folder with files of somebody else, naming folder, file and way out', () => {
    const verdict = judgeFolder('/d', ['thesis.doc'], undefined);

    expect(verdict.kind === 'refused' && verdict.message).toMatch(
      /^\/d .*thesis\.doc.*CONCLAVE_DATA or --data$/,
    );
  });

  test.each(['{"version":2}', '{"version":"1"}', '{', '{}'])('refuses the marker %s', (marker) => {
    expect(judgeFolder('/d', ['conclave.json'], marker).kind).toBe('refused');
  });
});

describe('openDataFolder', () => {
  test('creates the folder and keeps strangers out of what it holds', () => {
    const data = join(folder, 'a', 'b');

    openDataFolder(data);

    expect(statSync(data).mode & 0o777).toBe(0o711);
    expect(statSync(join(data, 'secrets')).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(data, 'conclave.json'), 'utf8')).toBe('{"version":1}\n');
  });

  test('opens its own folder again', () => {
    openDataFolder(folder);

    expect(() => {
      openDataFolder(folder);
    }).not.toThrow();
  });

  test('writes nothing into a folder that it refuses', () => {
    writeFileSync(join(folder, 'thesis.doc'), '');

    expect(() => {
      openDataFolder(folder);
    }).toThrow(/thesis\.doc/);
    expect(() => statSync(join(folder, 'conclave.json'))).toThrow(/ENOENT/);
  });

  test('says what is wrong when the path is a file', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');

    expect(() => {
      openDataFolder(file);
    }).toThrow(/file cannot be used \(EEXIST\).*--data/);
  });
});

describe('lockDataFolder', () => {
  test('refuses a second holder, naming the first', () => {
    lockDataFolder(folder);

    expect(() => lockDataFolder(folder)).toThrow(`process id ${String(process.pid)}`);
  });

  test('can be taken again once it was given back', () => {
    const unlock = lockDataFolder(folder);

    unlock();

    expect(() => lockDataFolder(folder)).not.toThrow();
  });

  test('is taken over from a process that is gone', () => {
    // Our own process id, but of a process that started at another time.
    const gone = { pid: process.pid, identity: 'long ago', startedAt: '2020-01-01T00:00:00Z' };
    writeFileSync(join(folder, 'stack.lock'), JSON.stringify(gone));

    expect(() => lockDataFolder(folder)).not.toThrow();
  });

  test.each(['', '{"pid": 12', 'null'])('is taken over when a power cut left %j of it', (torn) => {
    writeFileSync(join(folder, 'stack.lock'), torn);

    expect(() => lockDataFolder(folder)).not.toThrow();
    expect(() => lockDataFolder(folder)).toThrow('is in use by the stack');
  });

  test('leaves nothing beside it, taken or refused', () => {
    const unlock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow('is in use by the stack');
    expect(readdirSync(folder)).toEqual(['stack.lock']);

    unlock();

    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('secrets', () => {
  test('are drawn once, kept, and readable by the owner alone', () => {
    mkdirSync(join(folder, 'secrets'));

    const first = ensureSecret(folder, 'x');

    expect(first).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(ensureSecret(folder, 'x')).toBe(first);
    expect(statSync(join(folder, 'secrets', 'x')).mode & 0o777).toBe(0o600);
  });

  test('the API key has its prefix and 256 bits', () => {
    const key = ensureApiKey(folder);

    expect(key).toMatch(/^ck_local_[A-Za-z0-9_-]{43}$/);
    expect(ensureApiKey(folder)).toBe(key);
    expect(statSync(join(folder, 'api-key')).mode & 0o777).toBe(0o600);
  });
});
