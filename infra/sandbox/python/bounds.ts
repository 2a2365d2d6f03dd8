import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';

/** Soft and hard limit of a resource, by its name in Python's `resource`. */
export type Bounds = Readonly<Record<string, readonly [number, number]>>;

const MS_PER_SECOND = 1000;
// As for commands: beyond the limit, so that whoever fills it is seen to exceed it.
const SLACK_BYTES = 64 * 1024;
const DATA_FACTOR = 2;

/**
 * The limits that an interpreter puts on itself before it runs its snippet.
 *
 * @param limits - of the run
 * @param isMemoryHeld - whether a cgroup holds its memory
 */
export function boundsOf(limits: SandboxLimits, isMemoryHeld: boolean): Bounds {
  const seconds = Math.ceil(limits.processorMs / MS_PER_SECOND);
  const processes = limits.processes + 1; // the first process of the sandbox counts as one
  const fileBytes = limits.diskBytes + SLACK_BYTES;
  const dataBytes = limits.memoryBytes * DATA_FACTOR;
  return {
    RLIMIT_NPROC: [processes, processes],
    RLIMIT_NOFILE: [limits.openFiles, limits.openFiles],
    RLIMIT_CPU: [seconds + 1, seconds + 2],
    RLIMIT_FSIZE: [fileBytes, fileBytes],
    ...(isMemoryHeld ? {} : { RLIMIT_DATA: [dataBytes, dataBytes] }),
  };
}
