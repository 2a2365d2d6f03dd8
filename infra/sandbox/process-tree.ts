import { readFileSync, readdirSync } from 'node:fs';

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

/** Adds up what the processes below one use; those that have ended count with the one that waited for them. */
export function treeUsage(pid: number): TreeUsage {
  const tree = processTree(pid);
  const memoryBytes = tree.reduce((sum, each) => sum + ownMemory(each), 0);
  return { memoryBytes, processorMs: processorTimeOf(tree) };
}

/** The processor time of {@link treeUsage} alone, in half its time. */
export function processorTimeOfTree(pid: number): number {
  return processorTimeOf(processTree(pid));
}

function processorTimeOf(tree: readonly number[]): number {
  return tree.reduce((sum, each) => sum + processorTime(each), 0);
}

/** Adds up the memory that each of the processes below one has for itself alone, bytes. */
export function ownMemoryOfTree(pid: number): number {
  return (
    processTree(pid).reduce((sum, each) => sum + kibOf(read(each, 'status'), 'RssAnon'), 0) * KIB
  );
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
  return threadsOf(pid).flatMap((thread) => {
    const told = read(pid, `task/${thread}/children`).trim();
    return told === '' ? [] : told.split(' ').map(Number);
  });
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return []; // it ended between the two looks
  }
}

/** What is its own and what it shares by memory files; the programs' text, which the host shares, is not billed. */
function ownMemory(pid: number): number {
  const status = read(pid, 'status');
  return (kibOf(status, 'RssAnon') + kibOf(status, 'RssShmem')) * KIB;
}

function kibOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

function processorTime(pid: number): number {
  const stat = read(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(USER_TICKS, USER_TICKS + TICK_FIELDS).map(Number);
  return ticks.reduce((sum, each) => sum + each, 0) * TICK_MS;
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${name}`, 'utf8');
  } catch {
    return ''; // it ended between the two looks
  }
}
