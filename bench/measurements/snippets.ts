import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { Sandbox, SnippetRun } from '../../domain/sandbox/run.ts';
import { createSandbox } from '../../infra/sandbox/sandbox.ts';
import { makeSnippetLanes } from '../../infra/sandbox/snippet-lanes.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { keepHostileRuns } from '../hostile-runs.ts';

type Lane = SnippetRun['lane'];

const everyoneMayPass = 0o711;
const WARM_RUNS = 50;
const JAVASCRIPT_RUNS = 1000;
const PYTHON_RUNS = 60;
const IN_FLIGHT = 6;
/** Between two runs of Python, in which the interpreter that was used is replaced. */
const REST_MS = 250;
const HOSTILE_MS = 5000;

const javascript = 'const n: number = 20; n * 2';
const python = 'n = 20\nn * 2';

/** What takes all it can get, in each lane; every one is ended by a limit and begun anew. */
const hostile: readonly (readonly [Lane, string, Partial<SandboxLimits>])[] = [
  ['javascript', 'Array(2 ** 31).join("a")', { timeMs: 1000 }],
  ['javascript', 'for (;;) console.log("x".repeat(10_000))', {}],
  ['javascript', 'const a = []; for (;;) a.push(new Uint8Array(1e6))', {}],
  ['python', 'while True: print("x" * 10_000)', {}],
  ['python', 'a = []\nwhile True: a.append(bytearray(1 << 20))', {}],
  ['python', 'import os\nwhile True: os.fork()', { timeMs: 1000 }],
];

/** Measures snippets in lanes that are warm, with what `createSandbox` makes of this machine. */
export async function measureSnippets(): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-bench-sandbox-'));
  await chmod(folder, everyoneMayPass);
  const sandbox = await createSandbox({ backend: 'bwrap', folder, makeLanes: makeSnippetLanes });
  try {
    const { name, version, proven } = sandbox.backend;
    const figures = [...(await javascriptFigures(sandbox)), ...(await pythonFigures(sandbox))];
    const beside = await hostileFigures(sandbox);
    return {
      measurement: 'snippets in the sandbox, warm',
      figures: [...figures, ...beside.figures],
      notes: [
        `${name} ${version}, proven: ${proven.join(', ')}`,
        `single Python runs come ${String(REST_MS)} ms apart, so that one interpreter waits for each; those in flight take turns with the start of the next`,
        beside.note,
      ],
    };
  } finally {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function javascriptFigures(sandbox: Sandbox): Promise<Figure[]> {
  await times(sandbox, ['javascript', javascript], WARM_RUNS);
  const took = await times(sandbox, ['javascript', javascript], JAVASCRIPT_RUNS);
  await perSecond(sandbox, ['javascript', javascript], WARM_RUNS); // the workers that one alone needs not
  const rate = await perSecond(sandbox, ['javascript', javascript], JAVASCRIPT_RUNS);
  return [
    figure('JavaScript, one, p50', median(took), 'ms', { kind: 'most', value: 2 }),
    figure('JavaScript, one, p99', percentile(took, 0.99), 'ms'),
    figure(`JavaScript, ${String(IN_FLIGHT)} in flight`, rate, 'per s', {
      kind: 'least',
      value: 400,
    }),
  ];
}

async function pythonFigures(sandbox: Sandbox): Promise<Figure[]> {
  await times(sandbox, ['python', python], 3, REST_MS);
  const took = await times(sandbox, ['python', python], PYTHON_RUNS, REST_MS);
  const rate = await perSecond(sandbox, ['python', python], PYTHON_RUNS);
  return [
    figure('Python, one, p50', median(took), 'ms', { kind: 'most', value: 10 }),
    figure('Python, one, p99', percentile(took, 0.99), 'ms'),
    figure(`Python, ${String(IN_FLIGHT)} in flight`, rate, 'per s'),
  ];
}

/** How late timers of the host come while hostile snippets run, six at a time. */
async function hostileFigures(
  sandbox: Sandbox,
): Promise<{ readonly figures: Figure[]; readonly note: string }> {
  const runs = hostile.map(([lane, code, limits]) => runOf([lane, code], limits));
  const { delayMsMax, delayMsP99, ends } = await keepHostileRuns(sandbox, runs, HOSTILE_MS);
  const target = { kind: 'most', value: 100 } as const;
  return {
    figures: [
      figure('event loop late under 6 hostile runs, at most', delayMsMax, 'ms', target),
      figure('the same, p99', delayMsP99, 'ms'),
    ],
    note: `hostile runs ended and begun anew: ${ends}`,
  };
}

async function times(
  sandbox: Sandbox,
  what: readonly [Lane, string],
  runs: number,
  restMs?: number,
): Promise<number[]> {
  const took: number[] = [];
  for (let count = 0; count < runs; count++) {
    if (restMs !== undefined) await wait(restMs);
    const started = performance.now();
    const { status, reason } = await sandbox.run(runOf(what));
    took.push(performance.now() - started);
    if (status !== 'ok') throw new Error(`${what[0]}: ended as ${status}: ${reason}`);
  }
  return took;
}

async function perSecond(
  sandbox: Sandbox,
  what: readonly [Lane, string],
  runs: number,
): Promise<number> {
  const each = Math.ceil(runs / IN_FLIGHT);
  const started = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, () => times(sandbox, what, each)));
  return (1000 * each * IN_FLIGHT) / (performance.now() - started);
}

function runOf(
  [lane, code]: readonly [Lane, string],
  limits: Partial<SandboxLimits> = {},
): SnippetRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'bench' };
  return { lane, code, ...nothing, limits: completeLimits(limits) };
}
