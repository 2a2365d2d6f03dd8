import {
  chownSync,
  fstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { descriptors } from '../bwrap-arguments.ts';
import type { SandboxHost } from '../host.ts';
import { launch } from '../launcher.ts';
import type { Ended, Launched } from '../launcher.ts';
import type { ContainerRuntime, OpenMount, ProgramStart } from '../program-start.ts';
import type { Without } from '../protections.ts';
import type { Slot } from '../slots.ts';
import { makeStaging, pythonPath } from '../stage.ts';
import type { Staging } from '../stage.ts';
import { containerConfig, makeRoot } from './bundle.ts';
import type { BundleMount, BundleShape } from './bundle.ts';
import { RUNSC_OWN_BYTES, removedBytes, runscUsage } from './runsc-memory.ts';
import { makeTemporaryFolders, temporaryBytes } from './temporary-folders.ts';

/** What runsc is started with. */
export interface RunscOptions {
  /** Path of runsc. */
  readonly runsc: string;
  /** The first program inside, see `guestEntry`. */
  readonly entry: Uint8Array;
}

/** Which ids there are inside, each with the one that it is on the host. */
type Users = readonly (readonly [inside: number, outside: number])[];

const INNER_ID = 1000;
// Above every id that a slot can have, see `slots.ts`.
const ROOT_ID_ABOVE = 50_000;
const OWN_PROCESSES = 256;
const FAILED = 128; // what runsc ends with when it could not run the program; a program can end so too
const enter = join(import.meta.dirname, 'enter.py');
// runsc hands on no descriptors but the first three: the channel comes in as standard input.
const fromInput = ['/bin/bash', '-c', 'exec "$@" 3<&0 </dev/null', 'channel'];

/**
 * Makes what runs programs in runsc (gVisor), which answers their system calls with a kernel of its own.
 *
 * runsc itself runs as a private user too: what should break out of that kernel has nothing of the machine's.
 */
export function runscRuntime({ runsc, entry }: RunscOptions): ContainerRuntime {
  return {
    ownMemoryBytes: RUNSC_OWN_BYTES,
    ownProcesses: OWN_PROCESSES,
    usage: runscUsage,
    start: async (host, run, enterCgroup) => {
      const users = usersOf(run.slot, host.without);
      const place = makePlace(run, users);
      const mounts = [...place.temporary, ...stagedMounts(run)];
      makeInnerPlaces(mounts, run);
      makeRoot(place.root, host.system, mounts, entry);
      const { env, workFolder, limits } = run;
      const argv = run.hasChannel === true ? [...fromInput, ...run.argv] : run.argv;
      const shape = { env, workFolder, argv, limits, root: place.root, mounts };
      writeConfig(place, run, {
        users,
        shape: { ...shape, uid: innerId(users), without: host.without },
      });
      const launched = await launch(host.forks, {
        bwrap: host.bwrap,
        arguments: { options: [], command: [] },
        maker: run.slot.uid === null ? undefined : users[0]?.[1],
        command: [
          ...entering(host, run, { users, place }),
          ...runscCommand(runsc, place, run.slot),
        ],
        ...{ slot: run.slot, stdin: run.stdin, filter: host.filter, settings: host.settings },
        hasChannel: run.hasChannel === true,
        mounts: run.mounts.map(({ descriptor }) => descriptor),
        stagings: mounts.flatMap(({ staging, index }) =>
          staging === null ? [] : [{ ...staging, descriptor: descriptors.firstMount + index }],
        ),
        without: host.without,
        ...(enterCgroup === undefined ? {} : { enter: enterCgroup }),
      });
      return withRunscsWords(launched, place);
    },
  };
}

interface Place {
  /** With `config.json`. */
  readonly bundle: string;
  readonly root: string;
  /** Where runsc keeps what it knows of the container. */
  readonly state: string;
  readonly log: string;
  readonly temporary: readonly StagedBundleMount[];
}

interface StagedBundleMount extends BundleMount {
  /** Null for folders of ours, which need none. */
  readonly staging: Staging | null;
  /** Among the mounts of the run. */
  readonly index: number;
}

/**
 * As root two private ids of the slot: one that owns what the program owns, and one that runsc is. Else there is one id only,
 * the engine's own, and the program is called 0 inside, without any capability.
 */
function usersOf({ uid }: Slot, without: Without): Users {
  if (uid === null) return [[0, process.getuid?.() ?? 0]];
  return [
    [0, uid + ROOT_ID_ABOVE],
    [INNER_ID, without.has('private-uid') ? 0 : uid],
  ];
}

function innerId(users: Users): number {
  return users.at(-1)?.[0] ?? 0;
}

function makePlace({ folder, slot }: ProgramStart, users: Users): Place {
  const bundle = join(folder, 'bundle');
  const state = join(folder, 'runsc');
  const owner = users[0]?.[1];
  for (const path of [bundle, state]) {
    mkdirSync(path, { mode: 0o700 });
    if (slot.uid !== null && owner !== undefined) chownSync(path, owner, owner);
  }
  const temporary = makeTemporaryFolders(folder, slot).map((each) => {
    return { ...each, isWritable: true, isFolder: true, staging: null, index: -1 };
  });
  return { bundle, root: join(bundle, 'root'), state, log: join(state, 'log'), temporary };
}

/** Every mount of a run is laid somewhere first, by the descriptor that was looked at: runsc itself knows only paths. */
function stagedMounts({ mounts, folder }: ProgramStart): StagedBundleMount[] {
  return mounts.map((mount, index) => {
    const { path, isWritable, descriptor } = mount;
    const isFolder = fstatSync(descriptor).isDirectory();
    const staging = mount.staging ?? makeStaging(folder, null, isFolder);
    return { path, source: staging.target, isWritable, isFolder, staging, index };
  });
}

/** Makes places for what is mounted within folders that are the run's own and empty; others have theirs already. */
function makeInnerPlaces(
  mounts: readonly StagedBundleMount[],
  { mounts: given, folder }: ProgramStart,
): void {
  for (const outer of mounts) {
    const own = ownFolderOf(outer, given[outer.index], folder);
    if (own === undefined) continue;
    for (const { path, isFolder } of mounts) {
      if (!path.startsWith(`${outer.path}/`)) continue;
      const place = join(own, path.slice(outer.path.length + 1));
      mkdirSync(isFolder ? place : dirname(place), { recursive: true });
      if (!isFolder) writeFileSync(place, '');
    }
  }
}

function ownFolderOf(
  { staging, source }: StagedBundleMount,
  given: OpenMount | undefined,
  folder: string,
): string | undefined {
  if (staging === null) return source;
  const host = given === undefined ? '' : readlinkSync(`/proc/self/fd/${given.descriptor}`);
  return host === join(folder, 'work') ? host : undefined;
}

function writeConfig(
  { bundle }: Place,
  { slot }: ProgramStart,
  { users, shape }: { readonly users: Users; readonly shape: BundleShape },
): void {
  const path = join(bundle, 'config.json');
  // The environment in it is the run's own.
  writeFileSync(path, JSON.stringify(containerConfig(shape)), { mode: 0o600 });
  const owner = users[0]?.[1];
  if (slot.uid !== null && owner !== undefined) chownSync(path, owner, owner);
}

/** The start of the command: namespaces, users, what lies below `/`, and the wait at the door. */
function entering(
  { system, settings, without }: SandboxHost,
  { hasChannel = false }: ProgramStart,
  { users, place }: { readonly users: Users; readonly place: Place },
): string[] {
  const order = {
    users,
    outlives: without.has('dies-with-engine'),
    block: descriptors.block,
    status: descriptors.status,
    channel: hasChannel ? descriptors.channel : null,
    binds: [
      [
        without.has('own-settings') ? '/etc' : readlinkSync(`/proc/self/fd/${settings}`),
        join(place.root, 'etc'),
      ],
      ...system
        .filter(({ link }) => link === null)
        .map(({ path }) => [path, join(place.root, path)] as const),
    ],
  };
  return [pythonPath, '-I', '-S', '-B', enter, JSON.stringify(order)];
}

function runscCommand(runsc: string, { bundle, state, log }: Place, { name }: Slot): string[] {
  const settings = ['--rootless', '--network=none', '--ignore-cgroups', '--host-uds=none'];
  const words = [`--log=${log}`, '--log-format=json'];
  return [runsc, `--root=${state}`, ...settings, ...words, 'run', `-bundle=${bundle}`, name];
}

/** A program that ends with 128 and a runsc that failed look alike but for what runsc noted. */
function withRunscsWords(launched: Launched, { log, temporary }: Place): Launched {
  const ended = launched.ended.then((end): Ended => {
    if (end.exitCode !== FAILED) return end;
    const words = wordsIn(log);
    if (words === undefined) return end;
    throw new Error(`runsc: ${words}`);
  });
  ended.catch(() => undefined); // whoever waits for it is told
  return {
    ...launched,
    ended,
    writtenBytes: async () =>
      (await temporaryBytes(temporary)) + (await removedBytes(launched.pid)),
  };
}

function wordsIn(log: string): string | undefined {
  return /"msg":"([^"]*)","level":"error"/.exec(readFileSync(log, 'utf8'))?.[1];
}
