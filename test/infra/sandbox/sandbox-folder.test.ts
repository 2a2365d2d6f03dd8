import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { sandboxFolder } from '../../../infra/sandbox/sandbox-folder.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-place-')));
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'closed'), { mode: 0o700 });
  mkdirSync(join(folder, 'open'));
  symlinkSync(join(folder, 'open'), join(folder, 'link'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function found(data: string, changes: object = {}): string {
  return sandboxFolder({
    configured: undefined,
    dataFolder: join(folder, data),
    isRoot: true,
    elsewhere: [join(folder, 'closed'), join(folder, 'open')],
    ...changes,
  });
}

test('lies below the data where every user may go there, made already or not', () => {
  expect(found('open')).toBe(join(folder, 'open', 'sandbox'));
  expect(found('open/later')).toBe(join(folder, 'open', 'later', 'sandbox'));
});

test('lies elsewhere where the way to the data is closed to others, apart for each data folder', () => {
  const one = found('closed/data');

  expect(one).toMatch(new RegExp(`^${folder}/open/conclave/sandbox-[0-9a-f]{12}$`));
  expect(found('closed/other')).not.toBe(one);
});

test('stays below the data of an engine whose runs are its own user', () => {
  expect(found('closed/data', { isRoot: false })).toBe(join(folder, 'closed/data/sandbox'));
});

test('stays below the data where there is no other place, which is then refused with the reason', () => {
  expect(found('closed/data', { elsewhere: [] })).toBe(join(folder, 'closed/data/sandbox'));
});

test('is the configured one, and never a link', () => {
  expect(found('closed', { configured: '/srv/runs' })).toBe('/srv/runs');
  expect(found('link')).toBe(join(folder, 'open', 'sandbox'));
  expect(found('', { configured: join(folder, 'link', 'later') })).toBe(
    join(folder, 'open', 'later'),
  );
});
