import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions, StdioOptions } from 'node:child_process';
import {
  closeSync,
  constants,
  fchownSync,
  openSync,
  readFileSync,
  readdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex, Readable, Writable } from 'node:stream';

import { descriptors } from './bwrap-arguments.ts';
import type { BwrapArguments } from './bwrap-arguments.ts';
import { fullyProtected } from './protections.ts';
import type { Without } from './protections.ts';
import type { Slot } from './slots.ts';
import { stagedCommand } from './stage.ts';
import type { StagedMount } from './stage.ts';
import type { Breach } from './watchdogs.ts';

/** What is started, and with which descriptors. */
export interface Launch {
  /** Path of bwrap. */
  readonly bwrap: string;
  readonly slot: Slot;
  readonly arguments: BwrapArguments;
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
  /** The limit that ended it, where only the runtime knows. */
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

/** Closes from a number on what the engine inherited from whoever started it. */
const closing = [
  'for file in /proc/$$/fd/*; do',
  'number=${file##*/};',
  'if [ "$number" -ge "$1" ] || [ "$number" = "$2" ]; then eval "exec $number<&-"; fi;',
  'done; shift 2; exec -a "$0" "$@"',
].join(' ');
const DESCRIPTORS_MAX = 65_536;
const CLOSE_ON_EXEC = 0o2000000;
const STATUS_BYTES_MAX = 64 * 1024;

/** A mount that cannot be made here: neither the program's fault nor bwrap's. */
export class StagingFault extends Error {}

/**
 * Starts a sandbox and holds it before its first step, so that limits can be put on it from outside.
 *
 * @throws StagingFault when something granted cannot be mounted elsewhere first
 * @throws Error when bwrap ends before it tells the process; its words are in the message
 */
export async function launch(launch: Launch): Promise<Launched> {
  const { child, stdout, stderr } = startWithPipes(launch);
  // Where bwrap was faster or gone already, whoever waits for its end finds out.
  const entered =
    child.pid === undefined ? undefined : launch.enter?.(child.pid).catch(() => undefined);
  try {
    const launched = await blocked(child, stdout, stderr);
    await entered;
    return launched;
  } catch (error) {
    await entered;
    stdout.destroy();
    stderr.destroy();
    throw error;
  }
}

function startWithPipes(launch: Launch): {
  readonly child: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
} {
  const { slot } = launch;
  const options = launch.arguments.options.map((option) => `${option}\0`).join('');
  const channel = launch.hasChannel === true ? 'pipe' : 'ignore';
  const opened: number[] = [];
  const streams: Socket[] = [];
  try {
    opened.push(openOnce(join(slot.folder, 'stdin'), launch.stdin, slot.uid));
    opened.push(openOnce(join(slot.folder, 'options'), options, null));
    opened.push(openSync(launch.filter, 'r'));
    for (const path of [slot.stdout, slot.stderr]) {
      streams.push(openReading(path));
      opened.push(openSync(path, constants.O_WRONLY));
    }
    const [stdin, optionsFile, filter, ...ends] = opened;
    const outputs = launch.without?.has('real-pipes') === true ? ['pipe', 'pipe'] : ends;
    const child = start(launch, [
      ...[stdin, ...outputs, channel, optionsFile, filter, 'pipe', 'pipe'],
      ...[launch.settings, ...launch.mounts],
    ] as StdioOptions);
    const [stdout, stderr] = [child.stdout ?? streams[0], child.stderr ?? streams[1]];
    if (stdout === undefined || stderr === undefined) throw new Error('two pipes expected');
    return { child, stdout, stderr };
  } catch (error) {
    for (const stream of streams) stream.destroy();
    throw error;
  } finally {
    // The child has its own by now; were ours left open, its output would never end.
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function start(launch: Launch, stdio: StdioOptions): ChildProcess {
  const { slot, without = fullyProtected } = launch;
  const { uid, name } = slot;
  const isPrivate = changesUser(launch);
  const isOpen = without.has('closed-descriptors');
  const command = launch.command ?? bwrapCommand(launch);
  // What bwrap itself was given can be read inside, as the environment of process 1.
  const env = without.has('clean-environment') ? undefined : {};
  const options = { stdio, cwd: '/', env };
  const ids = isPrivate && uid !== null ? { uid, gid: uid } : {};
  const first = descriptors.firstMount + launch.mounts.length;
  const closed = launch.hasChannel === true ? [] : [descriptors.channel];
  if (launch.stagings.length > 0) {
    const kept = isOpen ? { first: DESCRIPTORS_MAX, closed: [] } : { first, closed };
    const stage = stagedCommand(launch.stagings, {
      ...{ uid, also: launch.maker, ...kept },
      drops: isPrivate,
    });
    return startAs([...stage, name, ...command], options);
  }
  if (isOpen || leakedDescriptors().length === 0) {
    return startAs(command, { ...options, ...ids, argv0: name });
  }
  const words = [name, String(first), String(closed[0] ?? ''), ...command];
  return startAs(['/bin/bash', '-c', closing, ...words], { ...options, ...ids });
}

/** Whether the user is changed before the program that is started; another one in bwrap's place does it by itself. */
function changesUser({ slot, command, without = fullyProtected }: Launch): boolean {
  return slot.uid !== null && command === undefined && !without.has('private-uid');
}

function bwrapCommand({ bwrap, arguments: { command } }: Launch): string[] {
  return [bwrap, '--args', String(descriptors.options), '--', ...command];
}

function startAs([program = '', ...args]: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(program, args, options);
}

/** Descriptors of the engine that every child would inherit: not opened by Node, but left open by who started it. */
function leakedDescriptors(): string[] {
  return readdirSync('/proc/self/fd').filter((name) => {
    if (Number(name) < descriptors.channel) return false;
    const flags = /^flags:\s*([0-7]+)$/m.exec(readInfo(name))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  });
}

function readInfo(name: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
  } catch {
    return ''; // the folder's own descriptor is closed by now
  }
}

/** Waits until bwrap has made the process. */
async function blocked(child: ChildProcess, stdout: Readable, stderr: Readable): Promise<Launched> {
  const streams: readonly unknown[] = child.stdio;
  const block = streams[descriptors.block] as Writable;
  const status = streams[descriptors.status] as Readable;
  const channel = (streams[descriptors.channel] ?? null) as Duplex | null;
  block.on('error', () => undefined); // bwrap went first; how it ended says why
  channel?.on('error', () => undefined);
  let told = '';
  status.setEncoding('utf8');
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', () => {
      resolve({ exitCode: numberIn(told, 'exit-code') });
    });
  });
  const pid = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    status.on('data', (text: string) => {
      if (told.length < STATUS_BYTES_MAX) told += text;
      const found = numberIn(told, 'child-pid');
      if (found !== null) resolve(found);
    });
    status.once('end', () => {
      resolve(numberIn(told, 'child-pid'));
    });
  });
  if (pid === null || child.pid === undefined) {
    const words = (await textOf(stderr)).trim();
    if (words.startsWith('stage: ')) throw new StagingFault(words);
    throw new Error(`the sandbox did not start: ${words}`);
  }
  const release = (): void => {
    block.end('x');
  };
  return { monitorPid: child.pid, pid, stdout, stderr, channel, release, ended };
}

function numberIn(told: string, name: string): number | null {
  const found = new RegExp(`"${name}":\\s*(\\d+)`).exec(told)?.[1];
  return found === undefined ? null : Number(found);
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
}

/** A file that nobody finds by its name once it is open. */
function openOnce(path: string, content: string | Uint8Array, uid: number | null): number {
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  const descriptor = openSync(path, 'r');
  unlinkSync(path);
  if (uid !== null) fchownSync(descriptor, uid, uid); // so that it can be opened anew as /dev/stdin
  return descriptor;
}

/** The end of a named pipe to read from. */
function openReading(path: string): Socket {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: descriptor, readable: true, writable: false });
}
