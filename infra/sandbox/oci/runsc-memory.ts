import { readdirSync, readlinkSync, statSync } from 'node:fs';

import { namelessBytes } from '../nameless-files.ts';
import { ownMemoryOfTree, processTree, processorTimeOfTree } from '../process-tree.ts';
import type { ProgramUsage } from '../process-tree.ts';

/** Memory that the processes of runsc itself may have beside the program's, bytes; what goes beyond is billed to the program. */
export const RUNSC_OWN_BYTES = 128 * 1024 * 1024;

const BLOCK_BYTES = 512;
const MEMORY_FILE = '/memfd:runsc-memory';
// The kernel inside is a child of the runsc that was started; programs lie deeper and are many.
const KERNEL_AMONG_FIRST = 8;

/**
 * What a program in runsc uses. Its memory is one file in memory, which the kernel inside and every process of the program map;
 * adding up processes would count it many times.
 *
 * @param pid - the runsc that was started, as the host counts
 */
export async function runscUsage(pid: number): Promise<ProgramUsage> {
  const beyond = Math.max(0, (await ownMemoryOfTree(pid)) - RUNSC_OWN_BYTES);
  const fileBytes = memoryFileBytes(pid);
  return {
    memoryBytes: fileBytes === null ? null : fileBytes + beyond,
    processorMs: await processorTimeOfTree(pid),
  };
}

/**
 * Adds up files that were removed while the program has them open: runsc has them open for it.
 *
 * @param pid - the runsc that was started, as the host counts
 */
export async function removedBytes(pid: number): Promise<number> {
  const path = memoryFilePath(pid);
  const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0; // nothing runs yet, or any more
  return await namelessBytes(pid, new Set([stats.dev]));
}

/** Null while the kernel inside is not there yet. */
function memoryFileBytes(pid: number): number | null {
  const path = memoryFilePath(pid);
  const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : stats.blocks * BLOCK_BYTES;
}

function memoryFilePath(pid: number): string | undefined {
  for (const each of processTree(pid).slice(0, KERNEL_AMONG_FIRST)) {
    const path = memoryFileOf(each);
    if (path !== undefined) return path;
  }
  return undefined;
}

function memoryFileOf(pid: number): string | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder)
      .map((name) => `${folder}/${name}`)
      .find((path) => readlinkSync(path).startsWith(MEMORY_FILE));
  } catch {
    return undefined; // it ended between the two looks, or is not there yet
  }
}
