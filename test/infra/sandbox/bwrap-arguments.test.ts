import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { bwrapArguments } from '../../../infra/sandbox/bwrap-arguments.ts';
import type { SandboxShape } from '../../../infra/sandbox/bwrap-arguments.ts';
import { protections } from '../../../infra/sandbox/protections.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';

const shape: SandboxShape = {
  system: [
    { path: '/usr', link: null },
    { path: '/bin', link: 'usr/bin' },
  ],
  mounts: [
    { path: '/work', isWritable: true },
    { path: '/work/modules', isWritable: false },
  ],
  env: { KEY: 'secret', PATH: '/own' },
  workFolder: '/work',
  limits: completeLimits({ processes: 7, openFiles: 33, processorMs: 1500, diskBytes: 1000 }),
  argv: ['/bin/echo', '--help'],
};

const textOf = (words: readonly string[]): string => ` ${words.join(' ')} `;

test.each([
  '--unshare-user',
  '--unshare-pid',
  '--unshare-net',
  '--unshare-ipc',
  '--unshare-uts',
  '--disable-userns',
  '--uid 1000 --gid 1000',
  '--cap-drop ALL',
  '--die-with-parent',
  '--new-session',
  '--clearenv',
  '--ro-bind /usr /usr',
  '--symlink usr/bin /bin',
  '--remount-ro /dev --remount-ro /',
  '--seccomp 5',
])('asks for %s', (words) => {
  expect(textOf(bwrapArguments(shape).options)).toContain(` ${words} `);
});

test('mounts by descriptor, outer folders first', () => {
  expect(textOf(bwrapArguments(shape).options)).toContain(
    ' --bind-fd 9 /work --ro-bind-fd 10 /work/modules ',
  );
});

test('keeps the environment out of the command, where every user of the host could read it', () => {
  const { options, command } = bwrapArguments(shape);

  expect(textOf(options)).toContain(' --setenv KEY secret ');
  expect(textOf(command)).not.toContain('secret');
});

test('lets a run’s variable take the place of the usual one', () => {
  const { options } = bwrapArguments(shape);

  expect(textOf(options)).toContain(' --setenv PATH /own ');
  expect(options.filter((word) => word === 'PATH')).toHaveLength(1);
});

test('ends with the program and its arguments as they came', () => {
  expect(bwrapArguments(shape).command).toEqual(['/bin/echo', '--help']);
});

test.each(protections)('is another one without %s, or leaves that to others', (protection) => {
  // These are not bwrap's: the launcher, limits on processes, the watchdogs and the grants have them.
  const others: readonly Protection[] = [
    ...(['private-uid', 'closed-descriptors', 'real-pipes', 'link-checks', 'time-limit'] as const),
    ...(['output-limit', 'plain-artifacts', 'closed-repository', 'own-git'] as const),
    ...(['core-limit', 'lock-limit', 'open-file-limit', 'process-limit'] as const),
    ...(['processor-limit', 'file-limit', 'memory-limit'] as const),
  ];

  const isSame =
    JSON.stringify(bwrapArguments(shape)) ===
    JSON.stringify(bwrapArguments(shape, new Set([protection])));

  expect(isSame).toBe(others.includes(protection));
});
