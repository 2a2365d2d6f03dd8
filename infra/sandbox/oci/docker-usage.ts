import { readFileSync } from 'node:fs';

import { namelessBytes } from '../nameless-files.ts';
import { processorTimeOfTree } from '../process-tree.ts';
import { removedBytes } from './runsc-memory.ts';

/** What containers use, as far as this machine shows their processes. */
export interface ContainerUsage {
  /**
   * Notes the first process of a container.
   *
   * @param call - the process that called for it
   * @param first - undefined where this machine does not show it
   */
  note(call: number, first: number | undefined): void;
  forget(call: number): void;
  /** Of all its processes together; 0 where they are not shown. */
  processorMs(call: number): Promise<number>;
  /** Whether the kernel ended something in it for want of memory, which engines tell late or never. */
  isOutOfMemory(call: number): boolean;
  /** Bytes in files that no folder shows; 0 where its processes may not be looked into. */
  removedBytes(call: number): Promise<number>;
}

const CGROUPS = '/sys/fs/cgroup';
const noDevices: ReadonlySet<number> = new Set();

/**
 * Looks at the processes of containers from outside.
 *
 * @param runtime - what runs them; null for the engine's usual one, whose programs are processes of this machine
 */
export function containerUsage(runtime: string | null): ContainerUsage {
  const firsts = new Map<number, number>();
  const canLookInto = process.getuid?.() === 0;
  return {
    note: (call, first) => {
      if (first !== undefined) firsts.set(call, first);
    },
    forget: (call) => {
      firsts.delete(call);
    },
    processorMs: async (call) => {
      const first = firsts.get(call);
      return first === undefined ? 0 : await processorTimeOfTree(first);
    },
    isOutOfMemory: (call) => {
      const first = firsts.get(call);
      return first !== undefined && memoryKills(first) > 0;
    },
    removedBytes: async (call) => {
      const first = firsts.get(call);
      if (first === undefined || !canLookInto) return 0;
      return await (runtime === null ? namelessBytes(first, noDevices) : removedBytes(first));
    },
  };
}

/** As the cgroup of a container counts them. */
function memoryKills(first: number): number {
  const places = read(`/proc/${first}/cgroup`);
  const [older, newer] = [/^\d+:memory:(.*)$/m, /^0::(.*)$/m].map((line) => line.exec(places)?.[1]);
  const told =
    older === undefined
      ? read(`${CGROUPS}${newer ?? ''}/memory.events`)
      : read(`${CGROUPS}/memory${older}/memory.oom_control`);
  return Number(/^oom_kill (\d+)$/m.exec(told)?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended between the two looks
  }
}
