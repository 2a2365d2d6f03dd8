import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import { fullyProtected, unless } from './protections.ts';
import type { Without } from './protections.ts';
import { SLACK_BYTES } from './resource-limits.ts';

/** Where descriptors lie that bwrap itself reads; those of mounts follow behind. */
export const descriptors = {
  channel: 3,
  options: 4,
  seccomp: 5,
  block: 6,
  status: 7,
  settings: 8,
  firstMount: 9,
} as const;

/** A file or folder of the host, opened beforehand, and where it lies inside. */
export interface Mount {
  /** Absolute, below no other mount that comes later. */
  readonly path: string;
  readonly isWritable: boolean;
}

/** One of the host's system paths: a folder that is shown read-only, or the link that it is on the host. */
export interface SystemPath {
  readonly path: string;
  /** What the link names; null for a folder. */
  readonly link: string | null;
}

/** What a sandbox looks like from the inside. */
export interface SandboxShape {
  readonly system: readonly SystemPath[];
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  readonly workFolder: string;
  readonly limits: SandboxLimits;
  readonly argv: readonly string[];
}

/** What bwrap is given: options by a descriptor, so that nobody reads them in a list of processes, and the command. */
export interface BwrapArguments {
  readonly options: readonly string[];
  readonly command: readonly string[];
}

const INNER_ID = '1000';
const usualVariables = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/tmp',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
  USER: 'sandbox',
};
// npm would run the scripts of every package it installs, ask its registry, and heed settings that somebody left.
const npmVariables = {
  npm_config_ignore_scripts: 'true',
  npm_config_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_update_notifier: 'false',
  npm_config_userconfig: '/dev/null',
  npm_config_cache: '/tmp/.npm',
};

/**
 * Says how bwrap is called.
 *
 * @param shape - what the program may see and use
 * @param without - protections to leave out; only the tests that show what each is for name any
 */
export function bwrapArguments(
  shape: SandboxShape,
  without: Without = fullyProtected,
): BwrapArguments {
  const options = [
    ...namespaces(without),
    ...environment(shape, without),
    ...systemMounts(shape, without),
    ...ownMounts(shape),
    ...unless(without, 'read-only-root', ['--remount-ro', '/dev', '--remount-ro', '/']),
    ...['--chdir', shape.workFolder],
    ...unless(without, 'seccomp', ['--seccomp', String(descriptors.seccomp)]),
    ...['--block-fd', String(descriptors.block)],
    ...['--json-status-fd', String(descriptors.status)],
  ];
  return { options, command: shape.argv };
}

function namespaces(without: Without): string[] {
  return [
    ...['--unshare-user', '--unshare-cgroup-try'],
    ...unless(without, 'own-host-name', ['--unshare-uts', '--hostname', 'sandbox']),
    ...unless(without, 'process-namespace', ['--unshare-pid']),
    ...unless(without, 'ipc-namespace', ['--unshare-ipc']),
    ...unless(without, 'network-namespace', ['--unshare-net']),
    ...unless(without, 'user-namespace-locked', ['--disable-userns']),
    ...['--uid', INNER_ID, '--gid', INNER_ID],
    ...unless(without, 'capabilities-dropped', ['--cap-drop', 'ALL'], ['--cap-add', 'ALL']),
    ...unless(without, 'dies-with-engine', ['--die-with-parent']),
    ...unless(without, 'own-session', ['--new-session']),
  ];
}

function environment(shape: SandboxShape, without: Without): string[] {
  const variables = variablesOf(shape.env, without);
  return [
    ...unless(without, 'clean-environment', ['--clearenv']),
    ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
}

/** The whole environment of a program: its own, and the few variables that every run has. */
export function variablesOf(
  env: Readonly<Record<string, string>>,
  without: Without,
): Readonly<Record<string, string>> {
  const npm = without.has('quiet-npm') ? {} : npmVariables;
  return { ...usualVariables, ...npm, ...env };
}

function systemMounts({ system, limits }: SandboxShape, without: Without): string[] {
  const size = unless(without, 'disk-limit', ['--size', String(limits.diskBytes + SLACK_BYTES)]);
  return [
    ...unless(
      without,
      'own-settings',
      ['--ro-bind-fd', String(descriptors.settings), '/etc'],
      ['--ro-bind', '/etc', '/etc'],
    ),
    ...system.flatMap(({ path, link }) =>
      link === null ? ['--ro-bind', path, path] : ['--symlink', link, path],
    ),
    ...unless(without, 'process-namespace', ['--proc', '/proc'], ['--ro-bind', '/proc', '/proc']),
    ...unless(without, 'own-devices', ['--dev', '/dev'], ['--dev-bind', '/dev', '/dev']),
    ...[...size, '--perms', '1777', '--tmpfs', '/dev/shm'],
    ...unless(
      without,
      'own-temporary-files',
      [...size, '--perms', '1777', '--tmpfs', '/tmp'],
      ['--ro-bind', '/tmp', '/tmp'],
    ),
  ];
}

function ownMounts({ mounts }: SandboxShape): string[] {
  return mounts.flatMap(({ path, isWritable }, index) => {
    const descriptor = String(descriptors.firstMount + index);
    return [isWritable ? '--bind-fd' : '--ro-bind-fd', descriptor, path];
  });
}
