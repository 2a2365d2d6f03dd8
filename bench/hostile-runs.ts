import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { Sandbox, SandboxRun } from '../domain/sandbox/run.ts';

/** What hostile runs did to the process that ran them. */
export interface HostileRuns {
  /** How much later than they should the timers of this process came: the longest. */
  readonly delayMsMax: number;
  readonly delayMsP99: number;
  /** Processor time of this process itself, and how long it was measured. */
  readonly processorMs: number;
  readonly wallMs: number;
  /** How many of them ended as what, those not counted that were cancelled at last. */
  readonly ends: string;
}

const RESOLUTION_MS = 1;
const NANOS_PER_MS = 1_000_000;
const MICROS_PER_MS = 1000;

/**
 * Keeps a number of hostile runs going, each begun anew when a limit has ended it, so that all of them weigh on the machine
 * from the first moment to the last.
 *
 * @param sandbox - where
 * @param runs - what takes all it can get
 * @param forMs - how long; then they are cancelled
 * @throws Error where a run was no burden: refused, or ended well
 */
export async function keepHostileRuns(
  sandbox: Sandbox,
  runs: readonly SandboxRun[],
  forMs: number,
): Promise<HostileRuns> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const over = AbortSignal.timeout(forMs);
  const startedAt = performance.now();
  const before = process.cpuUsage();
  histogram.enable();
  const ends = new Map<string, number>();
  await Promise.all(
    runs.map(async (run) => {
      for await (const end of endsOf(sandbox, run, over)) ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
  );
  histogram.disable();
  const { user, system } = process.cpuUsage(before);
  // The histogram counts the wait that was asked for, too.
  const beyond = (nanos: number): number => Math.max(0, nanos / NANOS_PER_MS - RESOLUTION_MS);
  return {
    delayMsMax: beyond(histogram.max),
    delayMsP99: beyond(histogram.percentile(99)),
    processorMs: (user + system) / MICROS_PER_MS,
    wallMs: performance.now() - startedAt,
    ends: [...ends].map(([status, count]) => `${String(count)} ${status}`).join(', ') || 'none',
  };
}

async function* endsOf(
  sandbox: Sandbox,
  run: SandboxRun,
  over: AbortSignal,
): AsyncGenerator<string> {
  while (!over.aborted) {
    const { status, reason } = await sandbox.run(run, over);
    if (status === 'ok' || status === 'refused') {
      throw new Error(`a hostile run ended as ${status}: ${reason}`);
    }
    if (status !== 'killed') yield status;
  }
}
