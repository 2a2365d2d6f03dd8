import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { CommandRun, Grant, Sandbox, SandboxResult } from '../../domain/sandbox/run.ts';
import { createSandbox } from '../../infra/sandbox/sandbox.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Finding } from '../figures.ts';

const RUNS = 100;
const WARM_UP_RUNS = 10;
const OVERHEAD_MS_MAX = 15;
const DELAY_MS_MAX = 100;
const HOSTILE_MS = 5000;
const RESOLUTION_MS = 5;
const NANOS_PER_MS = 1_000_000;
const MICROS_PER_MS = 1000;
const MIB = 1024 * 1024;
const atMost = (value: number) => ({ kind: 'most', value }) as const;

/** What takes as much of everything as it can until it is stopped. */
const hostile: readonly { readonly script: string; readonly limits: Partial<SandboxLimits> }[] = [
  { script: 'while :; do :; done', limits: {} },
  { script: 'f() { f | f & }; while :; do f; done 2>/dev/null', limits: { processes: 200 } },
  { script: 'yes', limits: { outputBytes: 64 * MIB } },
  { script: 'i=0; while :; do i=$((i+1)); : > /work/$i; done', limits: { diskBytes: 1024 * MIB } },
  { script: 'x=a; while :; do x=$x$x; done', limits: { memoryBytes: 512 * MIB } },
  {
    script: 'i=0; while :; do i=$((i+1)); head -c 64K /dev/zero > /tmp/$((i % 500)); done',
    limits: { diskBytes: 1024 * MIB },
  },
];

/** Measures what the sandbox adds to a command, and what hostile commands do to the engine beside them. */
export async function measureSandboxCommands(): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-bench-'));
  chmodSync(folder, 0o711);
  const sandbox = await createSandbox({ backend: 'bwrap', folder });
  try {
    for (let run = 0; run < WARM_UP_RUNS; run += 1) await succeed(sandbox, command('true'));
    // By turns, so that what else the machine does falls on both alike.
    const bare: number[] = [];
    const inside: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      bare.push(await timed(bareTrue));
      inside.push(await timed(async () => await succeed(sandbox, command('true'))));
    }
    const { delay, statuses } = await underHostileRuns(sandbox);
    return {
      measurement: `commands in the sandbox (${sandbox.backend.name} ${sandbox.backend.version})`,
      figures: [
        figure('the bare command, p50', median(bare), 'ms'),
        figure('the same in the sandbox, p50', median(inside), 'ms'),
        figure('overhead, p50', median(inside) - median(bare), 'ms', atMost(OVERHEAD_MS_MAX)),
        figure('the same in the sandbox, p99', percentile(inside, 0.99), 'ms'),
        figure(
          `event loop under ${hostile.length} hostile runs: longest delay`,
          delay.max,
          'ms',
          atMost(DELAY_MS_MAX),
        ),
        figure('the same, p99', delay.p99, 'ms'),
      ],
      notes: [
        `proven: ${sandbox.backend.proven.join(', ')}`,
        `the hostile runs ended as ${statuses.join(', ')}`,
        `the engine itself had ${delay.processorMs.toFixed(0)} ms of processor time in ${delay.wallMs.toFixed(0)} ms of them`,
      ],
    };
  } finally {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A command of the bench. */
export function command(
  script: string,
  grants: readonly Grant[] = [],
  limits: Partial<SandboxLimits> = {},
): CommandRun {
  const argv = script === 'true' ? ['/bin/true'] : ['/bin/bash', '-c', script];
  const rest = { env: {}, stdin: '', seed: '', workFolder: '/work' };
  return { lane: 'command', argv, grants, ...rest, limits: completeLimits(limits) };
}

/**
 * Runs what has to succeed.
 *
 * @throws Error with the reason where it does not
 */
export async function succeed(sandbox: Sandbox, run: CommandRun): Promise<SandboxResult> {
  const result = await sandbox.run(run);
  if (result.status === 'ok') return result;
  throw new Error(`a run of the bench ended as ${result.status}: ${result.reason}`);
}

/** How long something takes, milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function bareTrue(): Promise<void> {
  await once(spawn('/bin/true', { stdio: ['ignore', 'pipe', 'pipe'], env: {} }), 'close');
}

async function underHostileRuns(sandbox: Sandbox): Promise<{
  readonly delay: Record<'max' | 'p99' | 'processorMs' | 'wallMs', number>;
  readonly statuses: readonly string[];
}> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const results = await Promise.all(
    hostile.map(async ({ script, limits }) => {
      return await sandbox.run(
        command(script, [], { timeMs: HOSTILE_MS, processorMs: HOSTILE_MS * 4, ...limits }),
      );
    }),
  );
  histogram.disable();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  const processorMs = (user + system) / MICROS_PER_MS;
  // The histogram counts the wait that was asked for, too.
  const beyond = (nanos: number): number => Math.max(0, nanos / NANOS_PER_MS - RESOLUTION_MS);
  return {
    delay: {
      max: beyond(histogram.max),
      p99: beyond(histogram.percentile(99)),
      processorMs,
      wallMs,
    },
    statuses: results.map(({ status }) => status),
  };
}
