import type { BenchStack } from '../bench-stack.ts';
import { startProgram } from '../child-program.ts';
import { countGrowth } from '../database-growth.ts';
import type { Growth } from '../database-growth.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { runDebates } from '../load.ts';
import { costFigures, countCosts, loadNote } from '../part-costs.ts';
import { processorMs } from '../process-tree.ts';

/** How much load. */
export interface LoadSize {
  readonly debates: number;
  readonly inFlight: number;
}

const WARM_UP_DEBATES = 60;

/** Measures many debates at once, and a plain program that makes the same calls, right after each other. */
export async function measureThroughput(
  bench: BenchStack,
  size: LoadSize,
): Promise<readonly Finding[]> {
  await runDebates(bench, { debates: WARM_UP_DEBATES, inFlight: size.inFlight });
  const baseline = await measureBaseline(bench, size);
  const growth = await countGrowth(bench.sql);
  const costs = countCosts(bench.parts);
  const result = await runDebates(bench, size);
  const used = costs();
  const all = await growth();
  const written = { ...all, commits: all.commits - result.looks };
  const perSecond = (size.debates / result.elapsedMs) * 1000;
  const finding: Finding = {
    measurement: `throughput (${String(size.debates)} debates, ${String(size.inFlight)} in flight)`,
    figures: [
      figure('debates', perSecond, '/s', { kind: 'least', value: 15 }),
      figure('share of what the plain program does', perSecond / baseline.perSecond, ''),
      figure('start sent to sealed, p50', median(result.totalMs), 'ms'),
      figure('start sent to sealed, p90', percentile(result.totalMs, 0.9), 'ms'),
      figure('answer to a start, p50', median(result.answerMs), 'ms'),
      figure('answer to a start, p99', percentile(result.answerMs, 0.99), 'ms'),
      ...growthFigures(written, size.debates, { kind: 'most', value: 80 }),
      ...costFigures(used, size.debates),
    ],
    notes: [loadNote(used)],
  };
  return [baseline.finding, finding];
}

interface BaselineMessage {
  readonly kind: 'ready' | 'done';
  readonly elapsedMs: number;
}

async function measureBaseline(
  { sql, ownerUrl, modelsUrl, parts }: BenchStack,
  { debates, inFlight }: LoadSize,
): Promise<{ finding: Finding; perSecond: number }> {
  const program = await startProgram<BaselineMessage>('baseline-program.ts', [
    ownerUrl,
    modelsUrl,
    String(debates),
    String(inFlight),
  ]);
  try {
    const growth = await countGrowth(sql);
    const relevant = new Map([...parts].filter(([name]) => ['postgres', 'models'].includes(name)));
    const costs = countCosts(relevant);
    const before = processorMs(program.pid);
    const done = program.next();
    program.send({ kind: 'go' });
    const { elapsedMs } = await done;
    const used = costs();
    const byPart = new Map([['program', processorMs(program.pid) - before], ...used.byPart]);
    const written = await growth();
    const perSecond = (debates / elapsedMs) * 1000;
    const finding: Finding = {
      measurement: `a plain program: the same calls, one INSERT each (${String(debates)} debates, ${String(inFlight)} in flight)`,
      figures: [
        figure('debates', perSecond, '/s'),
        ...growthFigures(written, debates),
        ...costFigures({ ...used, byPart }, debates),
      ],
      notes: [],
    };
    return { finding, perSecond };
  } finally {
    await program.stop();
  }
}

function growthFigures(
  growth: Growth,
  debates: number,
  target?: Figure['target'],
): readonly Figure[] {
  return [
    figure('write-ahead log', growth.walBytes / debates / 1024, 'KB/debate', target),
    figure('whole pages in it', growth.walPageImages / debates, '/debate'),
    figure('transactions', growth.commits / debates, '/debate'),
    figure('rows inserted', growth.rowsInserted / debates, '/debate'),
    figure('rows updated', growth.rowsUpdated / debates, '/debate'),
  ];
}
