import { readFileSync, readdirSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';

import { identifyProcess } from '../stack/process-identity.ts';

/** What a program uses. */
export interface ProgramUsage {
  /** Null where it cannot be told at this moment. */
  readonly memoryBytes: number | null;
  readonly processorMs: number;
}

/** What all processes of a sandbox use together, as far as it can be seen from outside without a cgroup. */
export interface TreeUsage extends ProgramUsage {
  readonly memoryBytes: number;
}

// A tree larger than this is looked at in part; the limit on processes keeps it smaller.
const PROCESSES_MAX = 8192;
const KIB = 1024;
const TICK_MS = 10; // USER_HZ is 100 on every machine that Linux gives to programs
const USER_TICKS = 11; // fields 14 to 17 of proc(5)'s stat, counted after the name
const TICK_FIELDS = 4;

/**
 * Finds the processes below one, itself first.
 *
 * Whoever loses its parent inside a process namespace becomes a child of the namespace's first process, so that no one
 * leaves the tree.
 */
export function processTree(pid: number): number[] {
  const found = [pid];
  for (let at = 0; at < found.length && found.length < PROCESSES_MAX; at++) {
    found.push(...childrenOf(found[at] ?? pid));
  }
  return found;
}

/**
 * Finds processes as {@link processTree} does, one by one as they are found. Nothing waits for the kernel meanwhile: a look at a
 * process that keeps it busy can take a tenth of a second.
 */
export async function* walkProcesses(pid: number): AsyncGenerator<number> {
  const found = [pid];
  for (let at = 0; at < found.length && at < PROCESSES_MAX; at++) {
    const each = found[at] ?? pid;
    for (const thread of await soonThreadsOf(each)) {
      found.push(...childrenIn(await readSoon(each, `task/${thread}/children`)));
    }
    yield each;
  }
}

/** Adds up what the processes below one use; those that have ended count with the one that waited for them. */
export async function treeUsage(pid: number): Promise<TreeUsage> {
  let memoryBytes = 0;
  let processorMs = 0;
  for await (const each of walkProcesses(pid)) {
    memoryBytes += ownMemoryIn(await readSoon(each, 'status'));
    processorMs += processorTimeIn(await readSoon(each, 'stat'));
  }
  return { memoryBytes, processorMs };
}

/** The processor time of {@link treeUsage} alone, in half its time. */
export async function processorTimeOfTree(pid: number): Promise<number> {
  let processorMs = 0;
  for await (const each of walkProcesses(pid)) {
    processorMs += processorTimeIn(await readSoon(each, 'stat'));
  }
  return processorMs;
}

/** Adds up the memory that each of the processes below one has for itself alone, bytes. */
export async function ownMemoryOfTree(pid: number): Promise<number> {
  let kib = 0;
  for await (const each of walkProcesses(pid)) {
    kib += kibOf(await readSoon(each, 'status'), 'RssAnon');
  }
  return kib * KIB;
}

/** Whether a process has ended; one that only waits to be collected has. */
export function isGone(pid: number): boolean {
  return identifyProcess(pid) === undefined;
}

/** The parent of a process; null when there is no such process. */
export function parentOf(pid: number): number | null {
  const found = /^PPid:\s*(\d+)$/m.exec(read(pid, 'status'))?.[1];
  return found === undefined ? null : Number(found);
}

/** Each thread has the children that it made itself. */
function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) => childrenIn(read(pid, `task/${thread}/children`)));
}

function childrenIn(told: string): number[] {
  return told.trim() === '' ? [] : told.trim().split(' ').map(Number);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return []; // it ended between the two looks
  }
}

/** What is its own and what it shares by memory files; the programs' text, which the host shares, is not billed. */
function ownMemoryIn(status: string): number {
  return (kibOf(status, 'RssAnon') + kibOf(status, 'RssShmem')) * KIB;
}

function kibOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

function processorTimeIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(USER_TICKS, USER_TICKS + TICK_FIELDS).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) * TICK_MS;
}

async function soonThreadsOf(pid: number): Promise<string[]> {
  return await readdir(`/proc/${String(pid)}/task`).catch(() => []); // as in threadsOf
}

async function readSoon(pid: number, name: string): Promise<string> {
  return await readFile(`/proc/${String(pid)}/${name}`, 'utf8').catch(() => ''); // as in read
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`, 'utf8');
  } catch {
    return ''; // it ended between the two looks
  }
}
