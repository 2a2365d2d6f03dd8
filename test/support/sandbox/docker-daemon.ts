import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { untilSeen } from '../until-seen.ts';
import { layImage } from './docker-image.ts';

/** Where an engine is asked. */
export interface DockerPlace {
  /** Path of `docker`. */
  readonly docker: string;
  readonly socket: string;
  readonly image: string;
}

/** What runs containers besides the engine's own `runc`, by name, as the engine's settings say it. */
export type Runtimes = Readonly<
  Record<string, { readonly path: string; readonly runtimeArgs?: readonly string[] }>
>;

/** A Docker engine that a test started for itself. */
export interface DockerDaemon extends DockerPlace {
  /** Asks it by its own program. */
  ask(...args: readonly string[]): string;
  /** Ends it and what it started; throws where something is left. */
  end(): Promise<void>;
}

// Made by containerd for all engines of a machine, and empty where there is no other.
const sharedFolders = ['/run/docker', '/run/containerd', '/opt/containerd'];
const IMAGE = 'conclave-sandbox-test';
const STARTED_MS = 60_000;
const ENDED_MS = 30_000;
const WORDS_MAX = 2000;

/**
 * Starts an engine with an image of this machine's programs, without networks, in a temporary folder with a socket of its own.
 *
 * @param programs - the folder of its programs, see `bringDocker`
 * @param runtimes - see {@link Runtimes}
 */
export async function startDocker(
  programs: string,
  runtimes: Runtimes = {},
): Promise<DockerDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-dockerd-'));
  const path = `${programs}/bin:${programs}/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`;
  const docker = join(programs, 'bin/docker');
  const socket = join(folder, 'socket');
  const ask = (...args: readonly string[]): string =>
    execFileSync(docker, ['--host', `unix://${socket}`, ...args], { stdio: 'pipe' }).toString();
  const made = sharedFolders.filter((each) => !existsSync(each));
  const daemon = spawnDaemon(folder, { programs, path, runtimes });
  const end = async (): Promise<void> => {
    await endDaemon(daemon, folder);
    for (const each of made) rmSync(each, { recursive: true, force: true });
  };
  try {
    await untilSeen(
      async () => await Promise.resolve(isAnswering(ask) || wordsOf(folder)),
      (seen) => seen === true,
      { withinMs: STARTED_MS, everyMs: 100 },
    );
    const root = join(folder, 'image');
    layImage(root);
    const tar = join(folder, 'image.tar');
    execFileSync('tar', ['--create', '--file', tar, '--directory', root, '.']);
    ask('import', tar, IMAGE);
    rmSync(root, { recursive: true });
    rmSync(tar);
  } catch (error) {
    await end();
    throw error;
  }
  return { docker, socket, image: IMAGE, ask, end };
}

function spawnDaemon(
  folder: string,
  {
    programs,
    path,
    runtimes,
  }: {
    readonly programs: string;
    readonly path: string;
    readonly runtimes: Runtimes;
  },
): ChildProcess {
  const log = openSync(join(folder, 'log'), 'w');
  const places = ['data-root', 'exec-root', 'pidfile', 'deprecated-key-path'];
  const settings = {
    ...Object.fromEntries(places.map((name) => [name, join(folder, name)])),
    ...{ hosts: [`unix://${join(folder, 'socket')}`], 'cgroup-parent': cgroupOf(folder) },
    ...{ bridge: 'none', iptables: false, 'ip-forward': false, 'ip-masq': false, runtimes },
  };
  const configuration = join(folder, 'daemon.json');
  writeFileSync(configuration, JSON.stringify(settings));
  try {
    return spawn(join(programs, 'sbin/dockerd'), ['--config-file', configuration], {
      env: { PATH: path },
      stdio: ['ignore', log, log],
      cwd: '/',
    });
  } finally {
    closeSync(log);
  }
}

function isAnswering(ask: DockerDaemon['ask']): boolean {
  try {
    ask('info');
    return true;
  } catch {
    return false; // not yet
  }
}

/** What it said last. */
function wordsOf(folder: string): string {
  return readFileSync(join(folder, 'log'), 'utf8').slice(-WORDS_MAX);
}

async function endDaemon(daemon: ChildProcess, folder: string): Promise<void> {
  const containerd = pidIn(join(folder, 'exec-root/containerd/containerd.pid'));
  daemon.kill('SIGTERM');
  const isGone = (): boolean =>
    (daemon.exitCode !== null || daemon.signalCode !== null) &&
    processesOf(folder, containerd).length === 0;
  try {
    await untilSeen(async () => await Promise.resolve(isGone()), Boolean, { withinMs: ENDED_MS });
  } finally {
    for (const pid of processesOf(folder, containerd)) process.kill(pid, 'SIGKILL');
    for (const path of mountsBelow(folder)) execFileSync('umount', ['--lazy', path]);
    removeCgroups(basename(folder));
    rmSync(folder, { recursive: true, force: true });
  }
}

function pidIn(path: string): number | undefined {
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : undefined;
}

/** The engine, its containerd, and what holds each container: all bear the folder in their command. */
function processesOf(folder: string, containerd: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(folder) || (pid === containerd && command.includes('containerd'));
      } catch {
        return false; // it ended between the two looks
      }
    });
}

/** The deepest first. */
function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

function cgroupOf(folder: string): string {
  return `/${basename(folder)}`;
}

/** The parents of its containers' cgroups, which no engine removes. */
function removeCgroups(name: string): void {
  const root = '/sys/fs/cgroup';
  for (const hierarchy of ['', ...readdirSync(root)]) {
    const path = join(root, hierarchy, name);
    if (existsSync(path)) rmdirSync(path);
  }
}
