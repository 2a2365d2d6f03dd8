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
    shared: [join(folder, 'closed'), join(folder, 'open')],
    ...changes,
  });
}

test('is one for all engines that are root, where every user may go', () => {
  expect(found('open')).toBe(join(folder, 'open', 'conclave', 'sandbox'));
  expect(found('closed')).toBe(found('open'));
});

test('lies below the data of an engine whose runs are its own user, made already or not', () => {
  expect(found('closed/data', { isRoot: false })).toBe(join(folder, 'closed/data/sandbox'));
});

test('lies below the data where there is no other place, and is refused there with the reason', () => {
  expect(found('closed/data', { shared: [] })).toBe(join(folder, 'closed/data/sandbox'));
});

test('is the configured one, and never a link', () => {
  expect(found('closed', { configured: '/srv/runs' })).toBe('/srv/runs');
  expect(found('link', { isRoot: false })).toBe(join(folder, 'open', 'sandbox'));
  expect(found('', { configured: join(folder, 'link', 'later') })).toBe(
    join(folder, 'open', 'later'),
  );
});
