import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Grant } from '../../../domain/sandbox/run.ts';
import {
  faultOfGrants,
  faultOfMountPoint,
  isAtOrBelow,
  openPath,
} from '../../../infra/sandbox/grants.ts';

const onLinux = process.platform === 'linux';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-grants-'));
  mkdirSync(join(folder, 'real', 'inner'), { recursive: true });
  writeFileSync(join(folder, 'real', 'file'), 'text');
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function reasonOf(path: string): string {
  const result = openPath(path);
  if (result.kind === 'refused') return result.reason;
  closeSync(result.descriptor);
  return 'opened';
}

describe('openPath', () => {
  test.each(['real', 'real/inner', 'real/file'])('opens %s', (name) => {
    expect(onLinux ? reasonOf(join(folder, name)) : 'opened').toBe('opened');
  });

  test('opens the file that the path names', () => {
    const result = openPath(join(folder, 'real', 'file'));
    if (result.kind === 'refused') throw new Error(result.reason);

    expect(fstatSync(result.descriptor).size).toBe(4);
    closeSync(result.descriptor);
  });

  test.each(['link', 'link/inner', 'link/file'])('refuses %s, naming the link', (name) => {
    expect(reasonOf(join(folder, name))).toMatch(
      /link is a link; expected files and folders only$/,
    );
  });

  test.each(['relative', '/tmp/../etc', '/tmp//x', '/tmp/./x', '', '/tmp/\0'])(
    'refuses the path "%s"',
    (path) => {
      expect(reasonOf(path)).toMatch(/expected an absolute path/);
    },
  );

  test('says which component is not there', () => {
    expect(reasonOf(join(folder, 'real', 'absent', 'x'))).toMatch(/absent: ENOENT$/);
  });

  test('refuses devices', () => {
    expect(reasonOf('/dev/null')).toMatch(/expected a file or a folder$/);
  });
});

describe('faultOfGrants', () => {
  const grant = (changes: Partial<Grant>): Grant => {
    return { host: '/home/me/project', path: '/work', mode: 'read', ...changes };
  };
  const state = '/var/lib/sandbox';

  test('finds none in ordinary grants', () => {
    const grants = [grant({ mode: 'copy' }), grant({ host: '/home/me/m', path: '/work/modules' })];

    expect(faultOfGrants(grants, state)).toBeUndefined();
  });

  test.each(['work', '/', '/work/', '/work/../etc', ''])('refuses the inner path "%s"', (path) => {
    expect(faultOfGrants([grant({ path })], state)).toMatch(/^grants\[0\]\.path: got /);
  });

  test.each(['/usr', '/etc/passwd', '/proc', '/dev/shm', '/lib64', '/artifacts/x'])(
    'refuses %s, which is the sandbox’s own inside',
    (path) => {
      expect(faultOfGrants([grant({ path })], state)).toMatch(/expected a path apart from/);
    },
  );

  test.each(['/proc/1', '/sys', '/dev', '/', '/var', '/var/lib/sandbox/slots'])(
    'refuses the host’s %s',
    (host) => {
      expect(faultOfGrants([grant({ host })], state)).toMatch(/^grants\[0\]\.host: got /);
    },
  );

  test('refuses two grants for one path', () => {
    expect(faultOfGrants([grant({}), grant({ host: '/home/you' })], state)).toMatch(/twice/);
  });

  test('refuses two that may change one folder', () => {
    const grants = [grant({ mode: 'write' }), grant({ mode: 'write', path: '/other' })];

    expect(faultOfGrants(grants, state)).toMatch(/twice/);
  });
});

describe('faultOfMountPoint', () => {
  test('finds none in a folder that is there', () => {
    expect(faultOfMountPoint(folder, 'real/inner', true)).toBeUndefined();
  });

  test('makes what is not there', () => {
    expect(faultOfMountPoint(folder, 'real/new/deep', true)).toBeUndefined();
    expect(existsSync(join(folder, 'real', 'new', 'deep'))).toBe(true);
  });

  test.each(['link', 'link/inner'])('refuses %s and makes nothing where it leads', (below) => {
    expect(faultOfMountPoint(folder, `${below}/made`, true)).toMatch(/is a link/);
    expect(existsSync(join(folder, 'real', 'inner', 'made'))).toBe(false);
  });

  test('refuses a file where a folder is to be mounted', () => {
    expect(faultOfMountPoint(folder, 'real/file', true)).toMatch(/no folder, expected the other$/);
  });
});

test.each([
  ['/a/b', '/a', true],
  ['/a', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/', true],
  ['/a', '/a/b', false],
])('%s is at or below %s: %s', (path, above, expected) => {
  expect(isAtOrBelow(path, above)).toBe(expected);
});
