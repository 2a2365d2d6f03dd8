import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import { fullyProtected } from './protections.ts';
import type { Protection, Without } from './protections.ts';

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
  /** Whether a cgroup holds its memory; otherwise every process has a limit of its own besides the watchdog. */
  readonly isMemoryHeld: boolean;
  readonly argv: readonly string[];
}

/** What bwrap is given: options by a descriptor, so that nobody reads them in a list of processes, and the command. */
export interface BwrapArguments {
  readonly options: readonly string[];
  readonly command: readonly string[];
}

const INNER_ID = '1000';
// Beyond the limit, so that a program that fills it is seen to exceed it, and dies of that.
const SLACK_BYTES = 64 * 1024;
const LOCKED_BYTES = 64 * 1024;
// A program without a cgroup is stopped by the watchdog; this bounds what it takes between two looks.
const DATA_FACTOR = 2;
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
  return { options, command: [...limited(shape, without), ...shape.argv] };
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

/**
 * The start of a command that puts limits on the rest of it. A limit of 1 for cores is what the kernel takes for none, even
 * where it would hand them to a program of the host.
 */
export function limited(
  { limits, isMemoryHeld }: Pick<SandboxShape, 'limits' | 'isMemoryHeld'>,
  without: Without,
): string[] {
  const processes = limits.processes + 1; // the first process of the sandbox counts as one
  const seconds = Math.ceil(limits.processorMs / 1000);
  return [
    '/usr/bin/prlimit',
    ...unless(without, 'core-limit', ['--core=1:1']),
    ...unless(without, 'lock-limit', [`--memlock=${LOCKED_BYTES}:${LOCKED_BYTES}`]),
    ...unless(without, 'open-file-limit', [`--nofile=${limits.openFiles}:${limits.openFiles}`]),
    ...unless(without, 'process-limit', [`--nproc=${processes}:${processes}`]),
    ...unless(without, 'processor-limit', [`--cpu=${seconds + 1}:${seconds + 2}`]),
    ...unless(without, 'file-limit', [fileLimit(limits.diskBytes + SLACK_BYTES)]),
    ...(isMemoryHeld ? [] : unless(without, 'memory-limit', [dataLimit(limits.memoryBytes)])),
    '--',
  ];
}

function fileLimit(bytes: number): string {
  return `--fsize=${bytes}:${bytes}`;
}

function dataLimit(bytes: number): string {
  return `--data=${bytes * DATA_FACTOR}:${bytes * DATA_FACTOR}`;
}

function unless(
  without: Without,
  protection: Protection,
  there: readonly string[],
  taken: readonly string[] = [],
): readonly string[] {
  return without.has(protection) ? taken : there;
}
