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
  isMemoryHeld: true,
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
  expect(bwrapArguments(shape).command.slice(-3)).toEqual(['--', '/bin/echo', '--help']);
});

test('sets the limits of each process', () => {
  const words = textOf(bwrapArguments(shape).command);

  expect(words).toContain(' --core=1:1 ');
  expect(words).toContain(' --nproc=8:8 ');
  expect(words).toContain(' --nofile=33:33 ');
  expect(words).toContain(' --cpu=3:4 ');
  expect(words).toContain(' --fsize=66536:66536 ');
});

test('limits the data of each process only where no cgroup holds the memory of all', () => {
  const held = bwrapArguments(shape);
  const unheld = bwrapArguments({ ...shape, isMemoryHeld: false });

  expect(textOf(held.command)).not.toContain('--data');
  expect(textOf(unheld.command)).toContain(`--data=${2 * shape.limits.memoryBytes}:`);
});

test('never limits the address space, which JavaScript engines take in advance', () => {
  expect(textOf(bwrapArguments({ ...shape, isMemoryHeld: false }).command)).not.toContain('--as');
});

test.each(protections)('is another one without %s, or leaves that to others', (protection) => {
  // These are not bwrap's: the launcher, the watchdogs and the grants have them.
  const others: readonly Protection[] = [
    ...(['private-uid', 'closed-descriptors', 'real-pipes', 'link-checks', 'time-limit'] as const),
    ...(['output-limit', 'plain-artifacts', 'closed-repository', 'own-git'] as const),
  ];
  const unheld = { ...shape, isMemoryHeld: false };

  const isSame =
    JSON.stringify(bwrapArguments(unheld)) ===
    JSON.stringify(bwrapArguments(unheld, new Set([protection])));

  expect(isSame).toBe(others.includes(protection));
});
