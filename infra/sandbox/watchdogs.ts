import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { SandboxStatus } from '../../domain/sandbox/run.ts';
import type { RunCgroup } from './cgroup.ts';
import { fullyProtected } from './protections.ts';
import type { Protection, Without } from './protections.ts';
import { processorTimeOfTree, treeUsage } from './process-tree.ts';
import type { ProgramUsage } from './process-tree.ts';

/** Why a run is ended before its own end. */
export interface Breach {
  readonly status: Exclude<SandboxStatus, 'ok' | 'error' | 'refused'>;
  /** One sentence for a person. */
  readonly reason: string;
}

/** What is looked at while a program runs. */
export interface Watched {
  /** The sandbox's process 1, as the host counts. */
  readonly pid: number;
  readonly limits: SandboxLimits;
  readonly cgroup: RunCgroup | undefined;
  /** Tells what the program uses where its cgroup holds others too; absent: the cgroup, or the tree of processes. */
  readonly usage?: (pid: number) => Promise<ProgramUsage>;
  /** Bytes that the run wrote so far, wherever it may write. */
  readonly writtenBytes: () => Promise<number>;
  readonly signal: AbortSignal | undefined;
  readonly without?: Without;
}

/** Watches that stand over one run. */
export interface Watchdogs {
  /** Looks a last time, when the program is gone, and stops: the first breach there was, and the most memory seen. */
  end(): Promise<{ readonly breach: Breach | undefined; readonly peakMemoryBytes: number | null }>;
}

const FIRST_LOOK_MS = 20;
const LOOK_MS = 100;
// A walk over a large folder is done less often, so that it takes a tenth of the time at most.
const DISK_SHARE = 10;
// A look at many processes keeps the engine busy; it takes a quarter of the time at most.
const USAGE_SHARE = 3;

/**
 * Watches a run for its limits on time, processor, memory and disk, and for its cancellation.
 *
 * @param watched - what is looked at
 * @param onBreach - called at most once, at the first limit that is exceeded: end the run
 */
export function watch(watched: Watched, onBreach: (breach: Breach) => void): Watchdogs {
  const { limits, signal, without = fullyProtected } = watched;
  let breach: Breach | undefined;
  // A cgroup that holds others too does not tell of the program.
  const telling = watched.usage === undefined ? watched.cgroup : undefined;
  let peak: number | null = null;
  let isOver = false;
  const timers = new Set<NodeJS.Timeout>();

  const report = (found: Breach | undefined): void => {
    if (found === undefined || breach !== undefined || isOver) return;
    breach = found;
    onBreach(found);
  };
  const after = (ms: number, look: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      look();
    }, ms);
    timers.add(timer);
  };
  const seen = async (): Promise<Breach | undefined> => {
    const { memoryBytes, processorMs, isKilled } = await usageOf(watched);
    // Of a program that has ended nothing can be told any more, and none has ever used nothing.
    if (memoryBytes !== null && memoryBytes > 0) peak = Math.max(peak ?? 0, memoryBytes);
    if (isKilled || (telling === undefined && (memoryBytes ?? 0) > limits.memoryBytes)) {
      return allowed(without, 'memory-limit', memoryBreach(limits));
    }
    if (processorMs <= limits.processorMs) return undefined;
    return allowed(without, 'processor-limit', processorBreach(limits));
  };
  const filled = async (): Promise<Breach | undefined> => {
    // What cannot be counted counts as too much.
    const written = await watched.writtenBytes().catch(() => Infinity);
    return written > limits.diskBytes
      ? allowed(without, 'disk-limit', diskBreach(limits, written))
      : undefined;
  };
  const lookAtUsage = async (): Promise<void> => {
    const started = performance.now();
    report(await seen());
    if (isOver) return;
    const tookMs = performance.now() - started;
    after(Math.max(LOOK_MS, tookMs * USAGE_SHARE), () => void lookAtUsage());
  };
  const lookAtDisk = async (): Promise<void> => {
    const started = performance.now();
    report(await filled());
    if (isOver) return;
    const tookMs = performance.now() - started;
    after(Math.max(LOOK_MS, tookMs * DISK_SHARE), () => void lookAtDisk());
  };
  const cancel = (): void => {
    report({ status: 'killed', reason: 'cancelled' });
  };

  if (!without.has('time-limit'))
    after(limits.timeMs, () => {
      report(timeBreach(limits));
    });
  after(FIRST_LOOK_MS, () => void lookAtUsage());
  after(FIRST_LOOK_MS, () => void lookAtDisk());
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted === true) cancel();

  return {
    end: async () => {
      isOver = true; // before anything is waited for: a look that is under way would ask for the next one
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      breach ??= (await seen()) ?? (await filled());
      return { breach, peakMemoryBytes: telling?.usage().peakMemoryBytes ?? peak };
    },
  };
}

async function usageOf({ pid, cgroup, usage }: Watched): Promise<{
  readonly memoryBytes: number | null;
  readonly processorMs: number;
  readonly isKilled: boolean;
}> {
  if (cgroup === undefined) return { ...(await (usage ?? treeUsage)(pid)), isKilled: false };
  if (usage !== undefined) {
    return { ...(await usage(pid)), isKilled: cgroup.usage().memoryKills > 0 };
  }
  const { peakMemoryBytes, processorMs, memoryKills } = cgroup.usage();
  return {
    memoryBytes: peakMemoryBytes,
    processorMs: processorMs ?? (await processorTimeOfTree(pid)),
    isKilled: memoryKills > 0,
  };
}

function allowed(without: Without, protection: Protection, breach: Breach): Breach | undefined {
  return without.has(protection) ? undefined : breach;
}

function timeBreach({ timeMs }: SandboxLimits): Breach {
  return { status: 'timeout', reason: `ran longer than timeMs, ${timeMs} ms` };
}

function processorBreach({ processorMs }: SandboxLimits): Breach {
  const reason = `used more processor time than processorMs, ${processorMs} ms`;
  return { status: 'timeout', reason };
}

function memoryBreach({ memoryBytes }: SandboxLimits): Breach {
  return { status: 'memory', reason: `used more memory than memoryBytes, ${memoryBytes} bytes` };
}

function diskBreach({ diskBytes }: SandboxLimits, written: number): Breach {
  const wrote = Number.isFinite(written) ? `at least ${written} bytes` : 'more than can be counted';
  return { status: 'disk', reason: `wrote ${wrote}, diskBytes is ${diskBytes} bytes` };
}
