import { existsSync, readFileSync } from 'node:fs';

/** What on a machine can stand against user namespaces. */
export interface NamespaceLocks {
  /** Debian's switch for plain users. */
  readonly isSwitchedOff: boolean;
  /** No user namespace at all may be made. */
  readonly isMaximumZero: boolean;
  /** AppArmor keeps them from programs without a profile, as Ubuntu 24.04 does. */
  readonly isKeptByAppArmor: boolean;
  readonly isContainer: boolean;
}

const SWITCH = '/proc/sys/kernel/unprivileged_userns_clone';
const MAXIMUM = '/proc/sys/user/max_user_namespaces';
const APPARMOR = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
const containerMarks = ['/.dockerenv', '/run/.containerenv'];

/** Looks for what stands against user namespaces here. */
export function findNamespaceLocks(): NamespaceLocks {
  return {
    isSwitchedOff: read(SWITCH) === '0',
    isMaximumZero: read(MAXIMUM) === '0',
    isKeptByAppArmor: read(APPARMOR) === '1',
    isContainer: containerMarks.some((path) => existsSync(path)),
  };
}

/** Says what lets bubblewrap make namespaces, for what was found; everything known where nothing was. */
export function mendOfLocks(locks: NamespaceLocks): string {
  const { isSwitchedOff, isMaximumZero, isKeptByAppArmor, isContainer } = locks;
  const isKnown = isSwitchedOff || isMaximumZero || isKeptByAppArmor || isContainer;
  const mends = [
    ...(isSwitchedOff ? ['sysctl -w kernel.unprivileged_userns_clone=1'] : []),
    ...(isMaximumZero || !isKnown ? ['sysctl -w user.max_user_namespaces=15000'] : []),
    ...(isKeptByAppArmor ? [profile] : []),
    ...(isContainer || !isKnown
      ? ['in Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined --init']
      : []),
  ];
  return `allow user namespaces: ${mends.join('; ')}`;
}

const profile =
  "printf 'abi <abi/4.0>,\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\\n' > /etc/apparmor.d/bwrap && apparmor_parser -r /etc/apparmor.d/bwrap";

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
