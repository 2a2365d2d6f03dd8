import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readEnvironment } from '../../infra/config.ts';
import { systemVariables } from '../../infra/stack/settings.ts';
import { figure } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { machineBusyMs, memoryOf } from '../process-tree.ts';

const everyoneMayEnter = 0o755;
const readyText = 'Conclave is ready after';
const REST_MS = 5000;

/** Starts everything as a user does, in a new folder and again in the same one, and measures time and memory. */
export async function measureReady(): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-bench-ready-'));
  await chmod(folder, everyoneMayEnter);
  try {
    const first = await startAndStop(folder, 'first start');
    const second = await startAndStop(folder, 'second start');
    return {
      measurement: 'from `npm start` to ready, tools and workflow bundle in their caches',
      figures: [
        figure('new folder', first.readyMs / 1000, 's', { kind: 'most', value: 10 }),
        figure('folder that was used before', second.readyMs / 1000, 's', {
          kind: 'most',
          value: 10,
        }),
        ...second.memory,
      ],
      notes: [
        `${first.allBusy.toFixed(2)} and ${second.allBusy.toFixed(2)} processors were busy meanwhile, with the start itself`,
        `memory ${String(REST_MS / 1000)} s after ready, shared pages counted once (PSS)`,
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface StartResult {
  readonly readyMs: number;
  readonly allBusy: number;
  readonly memory: readonly Figure[];
}

async function startAndStop(folder: string, name: string): Promise<StartResult> {
  const startedAt = performance.now();
  const busyBefore = machineBusyMs();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../bin/conclave.mjs'), 'start'],
    {
      env: {
        ...systemVariables(readEnvironment()),
        CONCLAVE_DATA: folder,
        CONCLAVE_PORT: '0',
        CONCLAVE_SIMULATED: 'on',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = once(child, 'exit');
  try {
    await saysReady(child, name);
    const readyMs = performance.now() - startedAt;
    const allBusy = (machineBusyMs() - busyBefore) / readyMs;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    return { readyMs, allBusy, memory: memoryFigures(folder, child.pid ?? 0) };
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

async function saysReady(child: ChildProcess, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes(readyText)) resolve();
    });
    child.once('exit', () => {
      reject(new Error(`${name}: ended before it was ready:\n${text}`));
    });
  });
}

/** Parts are known by the files that the stack leaves for each; the rest of the tree is what supervises them. */
function memoryFigures(folder: string, supervisor: number): readonly Figure[] {
  const run = join(folder, 'run');
  const parts = readdirSync(run)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const { pid } = JSON.parse(readFileSync(join(run, file), 'utf8')) as { pid: number };
      return { name: file.slice(0, -'.json'.length), ...memoryOf(pid) };
    });
  const all = memoryOf(supervisor);
  const sum = (field: 'pssMb' | 'rssMb'): number =>
    parts.reduce((total, part) => total + part[field], 0);
  return [
    figure('memory, everything', all.pssMb, 'MB', { kind: 'most', value: 1024 }),
    ...parts.map(({ name, pssMb }) => figure(`memory, ${name}`, pssMb, 'MB')),
    figure('memory, npm start itself', all.pssMb - sum('pssMb'), 'MB'),
    figure('resident, everything, shared pages counted often', all.rssMb, 'MB'),
  ];
}
