import type { BenchStack } from '../bench-stack.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { countCosts, loadNote } from '../part-costs.ts';

const MANY = 200;
const RUNS_WITH_ONE = 40;
const RUNS_WITH_MANY = 10;

/**
 * Measures how late watchers see events. An event's own time is set just before it is committed, so what is measured
 * holds the commit too: the time from commit to watcher is shorter.
 */
export async function measureWatchers(bench: BenchStack): Promise<Finding> {
  const costs = countCosts(bench.parts);
  const one = await delays(bench, { runs: RUNS_WITH_ONE, watchers: 1 });
  const many = await delays(bench, { runs: RUNS_WITH_MANY, watchers: MANY });
  return {
    measurement: `events to watchers (event's own time, before its commit, to its being seen)`,
    figures: [
      ...figuresOf('1 watcher', one),
      ...figuresOf(`${String(MANY)} watchers of one run`, many),
    ],
    notes: [
      `${String(one.length)} events seen with one watcher, ${String(many.length)} with ${String(MANY)}`,
      loadNote(costs()),
    ],
  };
}

/** Watches runs from the moment their start was answered; what happened before anybody watched does not count. */
async function delays(
  { client, job }: BenchStack,
  options: { runs: number; watchers: number },
): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    const { id } = await client.start(job);
    const watcher = async (): Promise<void> => {
      let openedMs = Number.POSITIVE_INFINITY;
      await client.watch(
        id,
        ({ timeMs, seenMs }) => {
          if (timeMs > openedMs) seen.push(seenMs - timeMs);
        },
        () => (openedMs = Date.now()),
      );
    };
    await Promise.all(Array.from({ length: options.watchers }, watcher));
  }
  return seen;
}

function figuresOf(name: string, samples: readonly number[]): readonly Figure[] {
  const target = { kind: 'most', value: 50 } as const;
  return [
    figure(`${name}, p50`, median(samples), 'ms'),
    figure(`${name}, p99`, percentile(samples, 0.99), 'ms', target),
  ];
}
