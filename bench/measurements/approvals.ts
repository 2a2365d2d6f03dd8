import type { BenchStack } from '../bench-stack.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Finding } from '../figures.ts';
import { countCosts, loadNote } from '../part-costs.ts';
import { memoryOf } from '../process-tree.ts';

const LOOKS = 50;
/** People who answer at the same time: every answer sets a panel of five going. */
const PEOPLE = 10;
const IDLE_MS = 5_000;
const IDLE_WINDOWS_MAX = 24;
const IDLE_PROCESSORS = 0.1;

/**
 * Measures runs that wait for people, so many at once: what starting and keeping them costs, and how long a person who
 * looks or answers waits meanwhile.
 */
export async function measureApprovals(
  bench: BenchStack,
  size: { readonly approvals: number },
): Promise<Finding> {
  const { client, job } = bench;
  const people = { questions: ['Which region is it?'] };
  const memoryBefore = memoryMb(bench);
  const startMs: number[] = [];
  const ids: string[] = [];
  const startedAt = performance.now();
  await inLanes(size.approvals, PEOPLE, async () => {
    const { id, sentAt, answeredAt } = await client.start({ ...job, rounds: 1, people });
    ids.push(id);
    startMs.push(answeredAt - sentAt);
  });
  const startedInMs = performance.now() - startedAt;
  const settledAt = performance.now();
  const idle = await idleProcessors(bench);
  const settledInMs = performance.now() - settledAt;
  const waiting = await bench.sql<{ count: string }[]>`
    select count(*) from conclave.approvals where state = 'pending'`;
  const grownMb = memoryMb(bench) - memoryBefore;
  const listMs = await timed(LOOKS, () => client.get('/v1/approvals?state=pending&limit=50'));
  const costs = countCosts(bench.parts);
  const answerMs: number[] = [];
  const answeringAt = performance.now();
  const left = [...ids];
  await inLanes(ids.length, PEOPLE, async () => {
    const id = left.pop() ?? '';
    const sentAt = performance.now();
    await client.answerApproval(`${id}.question-1`, { answer: 'skip' });
    answerMs.push(performance.now() - sentAt);
    await client.watch(id, () => undefined);
  });
  const answeredInMs = performance.now() - answeringAt;
  const used = costs();
  return {
    measurement: `approvals (${String(size.approvals)} waiting at once, ${String(PEOPLE)} answered at a time)`,
    figures: [
      figure('pending, counted', Number(waiting[0]?.count), ''),
      figure('starts', (ids.length / startedInMs) * 1000, '/s'),
      figure('answer to a start, p50', median(startMs), 'ms'),
      figure('last start answered to all at rest, in windows of 5 s', settledInMs / 1000, 's'),
      figure('processors busy while all wait', idle, ''),
      figure('memory more than before, all parts', grownMb, 'MB'),
      figure('a page of 50 while all wait, p50', median(listMs), 'ms'),
      figure('a page of 50 while all wait, p99', percentile(listMs, 0.99), 'ms'),
      figure('runs answered and sealed', (ids.length / answeredInMs) * 1000, '/s'),
      figure('answer taken by its run, p50', median(answerMs), 'ms'),
      figure('answer taken by its run, p99', percentile(answerMs, 0.99), 'ms'),
    ],
    notes: [loadNote(used)],
  };
}

function memoryMb({ parts }: BenchStack): number {
  return [...parts.values()].reduce((sum, pid) => sum + memoryOf(pid).pssMb, 0);
}

/** What it costs that they wait, once what their starts left to do is done; processors. */
async function idleProcessors({ parts }: BenchStack): Promise<number> {
  let busy = Number.POSITIVE_INFINITY;
  for (let window = 0; window < IDLE_WINDOWS_MAX && busy > IDLE_PROCESSORS; window += 1) {
    const costs = countCosts(parts);
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const { byPart, elapsedMs } = costs();
    const ours = [...byPart].filter(([name]) => name !== 'bench');
    busy = ours.reduce((sum, [, ms]) => sum + ms, 0) / elapsedMs;
  }
  if (busy > IDLE_PROCESSORS) {
    throw new Error(
      `runs that wait keep ${busy.toFixed(2)} processors busy, expected at most ${String(IDLE_PROCESSORS)}`,
    );
  }
  return busy;
}

async function timed(times: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const sentAt = performance.now();
    await work();
    took.push(performance.now() - sentAt);
  }
  return took;
}

async function inLanes(times: number, lanes: number, work: () => Promise<void>): Promise<void> {
  let left = times;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, times) }, lane));
}
