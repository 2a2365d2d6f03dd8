import { expect, test } from '@jest/globals';

import { findNamespaceLocks, mendOfLocks } from '../../../infra/sandbox/unlocking.ts';
import type { NamespaceLocks } from '../../../infra/sandbox/unlocking.ts';

const unlocked: NamespaceLocks = {
  isSwitchedOff: false,
  isMaximumZero: false,
  isKeptByAppArmor: false,
  isContainer: false,
};

test.each([
  [{ isSwitchedOff: true }, 'sysctl -w kernel.unprivileged_userns_clone=1'],
  [{ isMaximumZero: true }, 'sysctl -w user.max_user_namespaces=15000'],
  [{ isKeptByAppArmor: true }, 'apparmor_parser -r /etc/apparmor.d/bwrap'],
  [{ isContainer: true }, '--security-opt seccomp=unconfined'],
])('names what unlocks %j, and nothing else', (lock, command) => {
  const mend = mendOfLocks({ ...unlocked, ...lock });

  expect(mend).toContain(command);
  expect(mend.match(/; /g)).toBeNull();
});

test('names what is usual where nothing was found', () => {
  expect(mendOfLocks(unlocked)).toMatch(/max_user_namespaces.*; in Docker/);
});

test('looks at this machine', () => {
  expect(Object.keys(findNamespaceLocks())).toEqual(Object.keys(unlocked));
});
