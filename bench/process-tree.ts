import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts processor time in hundredths of a second on every usual Linux. */
const MS_PER_TICK = 10;

/** What a process and everything it started take. */
export interface ProcessMemory {
  /** Resident, pages that are shared counted in every process, MB. */
  readonly rssMb: number;
  /** Proportional: a page that n processes share counts as 1/n in each, MB. */
  readonly pssMb: number;
}

/**
 * Gives the processor time of a process and of all below it, those that have ended included.
 *
 * @param pid - of a process that runs
 */
export function processorMs(pid: number): number {
  const own = statOf(pid);
  if (own === undefined) return 0;
  const children = childrenOf(pid);
  return children.reduce((sum, child) => sum + processorMs(child), own.ticks * MS_PER_TICK);
}

/** Gives the memory of a process and of all below it. */
export function memoryOf(pid: number): ProcessMemory {
  const own = { rssMb: rollup(pid, 'Rss') / 1024, pssMb: rollup(pid, 'Pss') / 1024 };
  return childrenOf(pid)
    .map(memoryOf)
    .reduce((a, b) => ({ rssMb: a.rssMb + b.rssMb, pssMb: a.pssMb + b.pssMb }), own);
}

/** Gives the ids of the processes that a process has started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statOf(candidate)?.parent === pid);
}

/** Gives the processor time that all processes of the machine have used, milliseconds. */
export function machineBusyMs(): number {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = ticks.map(Number);
  return (user + nice + system + irq + softIrq) * MS_PER_TICK;
}

/** Time of the process, of children it has waited for, and its parent; `undefined` once it is gone. */
function statOf(pid: number): { ticks: number; parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in brackets may hold anything, so fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
    const ticks = (utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0);
    return { ticks, parent: Number(fields[1]) };
  } catch {
    return undefined; // ended meanwhile
  }
}

function rollup(pid: number, field: 'Rss' | 'Pss'): number {
  try {
    const text = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return 0; // ended meanwhile
  }
}
