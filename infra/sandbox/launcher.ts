import { closeSync, constants, fchownSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';

import { descriptors } from './bwrap-arguments.ts';
import type { BwrapArguments } from './bwrap-arguments.ts';
import type { DescriptorSource, ForkOrder, ForkServer, Forked } from './fork-server.ts';
import { fullyProtected } from './protections.ts';
import type { Without } from './protections.ts';
import { descriptorPath, listenIn } from './run-socket.ts';
import type { RunSocket } from './run-socket.ts';
import type { ResourceLimit } from './resource-limits.ts';
import type { Slot } from './slots.ts';
import type { StagedMount } from './stage.ts';
import type { Breach } from './watchdogs.ts';

/** What is started, and with which descriptors. */
export interface Launch {
  /** Path of bwrap. */
  readonly bwrap: string;
  readonly slot: Slot;
  readonly arguments: BwrapArguments;
  /** What binds every process; put on before the first step. Absent: whatever is started sees to that. */
  readonly limits?: readonly ResourceLimit[];
  /** What is started in bwrap's place: it speaks as bwrap does over the same descriptors, and changes its user by itself. */
  readonly command?: readonly string[];
  /** The user that makes files for the program where that is another one, as the runtime of a container. */
  readonly maker?: number | undefined;
  /** Descriptors of the mounts, in the order of the mounts; they stay the caller's to close. */
  readonly mounts: readonly number[];
  /** Those of them that are mounted elsewhere first. */
  readonly stagings: readonly StagedMount[];
  /** Path of the file with the filter of system calls. */
  readonly filter: string;
  /** Descriptor of the folder that is `/etc` inside. */
  readonly settings: number;
  /** Whole standard input. */
  readonly stdin: string | Uint8Array;
  /** Whether the program has a two-way stream to the engine as descriptor 3. */
  readonly hasChannel?: boolean;
  /** Puts a process into the run's cgroup; called with bwrap as soon as it is there, so that both take place at once. */
  readonly enter?: (pid: number) => Promise<void>;
  readonly without?: Without;
}

/** How a program ended. */
export interface Ended {
  /** As bwrap told by a channel of its own: 128 + n after signal n; null where it was killed before it could tell. */
  readonly exitCode: number | null;
  /** What ended it, where only the runtime knows, or whatever starts programs. */
  readonly breach?: Breach;
}

/** A sandbox that waits at its door: nothing of the program has run before {@link Launched.release}. */
export interface Launched {
  /** bwrap outside, the parent of the sandbox. */
  readonly monitorPid: number;
  /** The sandbox's own process 1, as the host counts: with it everything inside dies. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Descriptor 3 of the program, where it was asked for. */
  readonly channel: Duplex | null;
  release(): void;
  /** Ends it where its processes are not the engine's own to end. */
  readonly kill?: () => void;
  /** Bytes in files that only the runtime knows, those without a name among them. */
  readonly writtenBytes?: () => Promise<number>;
  /** Resolves when bwrap is gone. */
  readonly ended: Promise<Ended>;
}

/** The engine's side of what a program is spoken to by. */
interface Ends {
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Where the program's own come from. */
  readonly sources: Readonly<Record<'stdin' | 'options', DescriptorSource>>;
  readonly socket: RunSocket | null;
}

const STATUS_BYTES_MAX = 64 * 1024;

/** A mount that cannot be made here: neither the program's fault nor bwrap's. */
export class StagingFault extends Error {}

/**
 * Starts a sandbox and holds it before its first step, so that limits can be put on it from outside.
 *
 * @throws StagingFault when something granted cannot be mounted elsewhere first
 * @throws Error when bwrap ends before it tells the process; its words are in the message
 */
export async function launch(forks: ForkServer, launch: Launch): Promise<Launched> {
  const closing: (() => void)[] = [];
  const streams: Socket[] = [];
  let forked: Forked | undefined;
  try {
    const ends = await openEnds(launch, { closing, streams });
    forked = forks.start(orderOf(launch, ends));
    const monitorPid = await forked.pid;
    // Where bwrap was faster or gone already, whoever waits for its end finds out.
    const entering = launch.enter?.(monitorPid).catch(() => undefined);
    const channel = (await ends.socket?.first) ?? null;
    if (channel !== null) streams.push(channel);
    for (const close of closing.splice(0)) close(); // were ours left open, the program's output would never end
    const launched = await blocked(forked, {
      monitorPid,
      channel,
      ends,
      limits: launch.limits ?? [],
    });
    await entering;
    return launched;
  } catch (error) {
    forked?.drop();
    for (const stream of streams) stream.destroy();
    throw error;
  } finally {
    for (const close of closing) close();
  }
}

/** What {@link launch} has to close. */
interface CleanUp {
  /** To be closed when the program has its ends, or never will. */
  readonly closing: (() => void)[];
  /** To be ended when it never will. */
  readonly streams: Socket[];
}

/** Opens what a program is spoken to by. */
async function openEnds(launch: Launch, { closing, streams }: CleanUp): Promise<Ends> {
  const { slot, stdin, hasChannel, without = fullyProtected } = launch;
  const kept = (descriptor: number): DescriptorSource => {
    closing.push(() => {
      closeSync(descriptor);
    });
    return { as: 'read', path: descriptorPath(descriptor) };
  };
  const reading = (path: string): Socket => {
    const stream = openReading(path);
    streams.push(stream);
    kept(openSync(path, constants.O_WRONLY)); // a pipe that nobody writes to is at its end
    return stream;
  };
  const words = launch.arguments.options.map((option) => `${option}\0`).join('');
  const needsSocket = hasChannel === true || without.has('real-pipes');
  const socket = needsSocket ? await listenIn(slot.folder) : null;
  if (socket !== null) closing.push(socket.close);
  return {
    sources: {
      stdin: kept(openOnce(join(slot.folder, 'stdin'), stdin, slot.uid)),
      options: kept(openOnce(join(slot.folder, 'options'), words, null)),
    },
    stdout: reading(slot.stdout),
    stderr: reading(slot.stderr),
    socket,
  };
}

function orderOf(launch: Launch, { sources, socket }: Ends): ForkOrder {
  const { slot, without = fullyProtected } = launch;
  const place = (descriptor: number): DescriptorSource => {
    return { as: 'place', path: descriptorPath(descriptor) };
  };
  const toSocket: DescriptorSource | null = socket && { as: 'socket', path: socket.path };
  const writing = (path: string): DescriptorSource => {
    return without.has('real-pipes') && toSocket !== null ? toSocket : { as: 'write', path };
  };
  return {
    argv: launch.command ?? bwrapCommand(launch),
    name: slot.name,
    descriptors: [
      ...[sources.stdin, writing(slot.stdout), writing(slot.stderr)],
      launch.hasChannel === true ? toSocket : null,
      ...[sources.options, { as: 'read', path: launch.filter } as const],
      ...[{ as: 'block' } as const, { as: 'status' } as const],
      ...[launch.settings, ...launch.mounts].map(place),
    ],
    mounts: launch.stagings,
    for: slot.uid,
    also: launch.maker ?? null,
    become: changesUser(launch) ? slot.uid : null,
    outlives: without.has('dies-with-engine'),
  };
}

/** Whether the user is changed before the program that is started; another one in bwrap's place does it by itself. */
function changesUser({ slot, command, without = fullyProtected }: Launch): boolean {
  return slot.uid !== null && command === undefined && !without.has('private-uid');
}

function bwrapCommand({ bwrap, arguments: { command } }: Launch): string[] {
  return [bwrap, '--args', String(descriptors.options), '--', ...command];
}

/** Waits until bwrap has made the process. */
async function blocked(
  forked: Forked,
  {
    monitorPid,
    channel,
    ends: { stdout, stderr },
    limits,
  }: {
    readonly monitorPid: number;
    readonly channel: Socket | null;
    readonly ends: Ends;
    readonly limits: readonly ResourceLimit[];
  },
): Promise<Launched> {
  channel?.on('error', () => undefined); // bwrap went first; how it ended says why
  let told = '';
  const ended = forked.ended.then((fault): Ended => {
    if (fault === '') return { exitCode: numberIn(told, 'exit-code') };
    return { exitCode: null, breach: { status: 'killed', reason: fault } };
  });
  const pid = await new Promise<number | null>((resolve) => {
    forked.onStatus((words) => {
      if (told.length < STATUS_BYTES_MAX) told += words;
      const found = numberIn(told, 'child-pid');
      if (found !== null) resolve(found);
    });
    void ended.then(() => {
      resolve(null);
    });
  });
  if (pid === null) {
    const words = (await textOf(stderr)).trim();
    if (words.startsWith('stage: ')) throw new StagingFault(words);
    const { breach } = await ended;
    throw new Error(`the sandbox did not start: ${breach?.reason ?? words}`);
  }
  const release = (): void => {
    forked.release(pid, limits);
  };
  return { monitorPid, pid, stdout, stderr, channel, release, ended };
}

function numberIn(told: string, name: string): number | null {
  const found = new RegExp(`"${name}":\\s*(\\d+)`).exec(told)?.[1];
  return found === undefined ? null : Number(found);
}

/** All that a stream says until its end. */
export async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
}

/** A file that nobody finds by its name once it is open. */
function openOnce(path: string, content: string | Uint8Array, uid: number | null): number {
  let descriptor: number;
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
    descriptor = openSync(path, 'r');
  } finally {
    rmSync(path, { force: true }); // also the half that a full disk had room for
  }
  if (uid !== null) fchownSync(descriptor, uid, uid); // so that it can be opened anew as /dev/stdin
  return descriptor;
}

/** The end of a named pipe to read from. */
function openReading(path: string): Socket {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: descriptor, readable: true, writable: false });
}
