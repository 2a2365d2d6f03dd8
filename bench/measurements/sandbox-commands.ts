import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { CommandRun, Grant, Sandbox, SandboxResult } from '../../domain/sandbox/run.ts';
import { createSandbox } from '../../infra/sandbox/sandbox.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Finding } from '../figures.ts';
import { keepHostileRuns } from '../hostile-runs.ts';

const RUNS = 100;
const WARM_UP_RUNS = 10;
const OVERHEAD_MS_MAX = 15;
const DELAY_MS_MAX = 100;
const HOSTILE_MS = 5000;
const MIB = 1024 * 1024;
/** None ends by its time while it is measured. */
const longest = { timeMs: HOSTILE_MS * 2, processorMs: HOSTILE_MS * 4 };
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
    await byTurns(sandbox, WARM_UP_RUNS);
    const { bare, inside } = await byTurns(sandbox, RUNS);
    const runs = hostile.map(({ script, limits }) =>
      command(script, [], { ...longest, ...limits }),
    );
    const beside = await keepHostileRuns(sandbox, runs, HOSTILE_MS);
    return {
      measurement: `commands in the sandbox (${sandbox.backend.name} ${sandbox.backend.version})`,
      figures: [
        figure('the bare command, p50', median(bare), 'ms'),
        figure('the same in the sandbox, p50', median(inside), 'ms'),
        figure('overhead, p50', median(inside) - median(bare), 'ms', atMost(OVERHEAD_MS_MAX)),
        figure('the same in the sandbox, p99', percentile(inside, 0.99), 'ms'),
        figure(
          `event loop under ${hostile.length} hostile runs: longest delay`,
          beside.delayMsMax,
          'ms',
          atMost(DELAY_MS_MAX),
        ),
        figure('the same, p99', beside.delayMsP99, 'ms'),
      ],
      notes: [
        `proven: ${sandbox.backend.proven.join(', ')}`,
        `hostile runs ended and begun anew: ${beside.ends}`,
        `the engine itself had ${beside.processorMs.toFixed(0)} ms of processor time in ${beside.wallMs.toFixed(0)} ms of them`,
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

/** Runs the bare command and the one inside by turns, so that what else the machine does falls on both alike. */
async function byTurns(
  sandbox: Sandbox,
  runs: number,
): Promise<{ readonly bare: number[]; readonly inside: number[] }> {
  const bare: number[] = [];
  const inside: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    bare.push(await timed(bareTrue));
    inside.push(await timed(async () => await succeed(sandbox, command('true'))));
  }
  return { bare, inside };
}

async function bareTrue(): Promise<void> {
  await once(spawn('/bin/true', { stdio: ['ignore', 'pipe', 'pipe'], env: {} }), 'close');
}
