import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { guestEntry } from '../../../../infra/sandbox/oci/guest-entry.ts';

let folder: string;
let entry: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-entry-'));
  chmodSync(folder, 0o755);
  entry = join(folder, 'enter');
  writeFileSync(entry, guestEntry());
  chmodSync(entry, 0o755);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('is a program for x86-64 that says so', () => {
  const bytes = Buffer.from(guestEntry());

  expect(bytes.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(bytes.readUInt16LE(18)).toBe(62);
  expect(bytes.length).toBeLessThan(4096);
});

/** As nobody, with `no_new_privs`, without which nobody but root may put a filter on itself. */
function entered(env: Record<string, string>, ...argv: string[]): ReturnType<typeof spawnSync> {
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const as = process.getuid?.() === 0 ? nobody : [];
  return spawnSync('setpriv', [...as, '--no-new-privs', entry, ...argv], { env });
}

// Elsewhere it cannot start.
for (const machine of process.arch === 'x64' ? ['x86-64'] : []) {
  test(`on ${machine} it becomes the program that it is given, which then is under the filter`, () => {
    const { stdout } = entered({}, '/bin/sh', '-c', 'grep Seccomp: /proc/self/status');

    expect(String(stdout)).toMatch(/^Seccomp:\s+2\n$/);
  });

  test(`on ${machine} it passes on arguments and variables`, () => {
    const { stdout } = entered({ WORD: 'told' }, '/bin/sh', '-c', 'echo "$WORD $1"', 'sh', 'twice');

    expect(String(stdout)).toBe('told twice\n');
  });

  test(`on ${machine} it ends with 125 where the program is not there`, () => {
    expect(entered({}, '/nowhere/program').status).toBe(125);
  });
}
