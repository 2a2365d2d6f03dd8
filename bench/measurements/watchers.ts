import type { BenchStack } from '../bench-stack.ts';
import { figure, median, percentile } from '../figures.ts';
import type { Figure, Finding } from '../figures.ts';
import { countCosts, loadNote } from '../part-costs.ts';

const MANY = 200;
const RUNS_WITH_ONE = 40;
const RUNS_WITH_MANY = 10;
const pausedType = 'conclave.collaboration.paused.v1';

/**
 * Measures how late watchers see events. An event's own time is set just before it is committed, so what is measured
 * holds the commit too: the time from commit to watcher is shorter.
 */
export async function measureWatchers(bench: BenchStack): Promise<Finding> {
  const costs = countCosts(bench.parts);
  const one = await watchRuns(bench, { runs: RUNS_WITH_ONE, watchers: 1 });
  const many = await watchRuns(bench, { runs: RUNS_WITH_MANY, watchers: MANY });
  return {
    measurement: `events to watchers (event's own time, before its commit, to its being seen)`,
    figures: [
      ...figuresOf('1 watcher', one.delaysMs),
      ...figuresOf(`${String(MANY)} watchers of one run`, many.delaysMs),
      figure(`${String(MANY)} streams asked for at once, open, p50`, median(many.openingMs), 'ms'),
      figure(
        `${String(MANY)} streams asked for at once, open, p99`,
        percentile(many.openingMs, 0.99),
        'ms',
      ),
    ],
    notes: [
      `${String(one.delaysMs.length)} events seen with one watcher, ${String(many.delaysMs.length)} with ${String(MANY)}`,
      loadNote(costs()),
    ],
  };
}

interface Watched {
  /** Time from each event to its being seen, milliseconds. */
  readonly delaysMs: readonly number[];
  /** Time from all watchers' asking at once to each one's stream being open, milliseconds. */
  readonly openingMs: readonly number[];
}

/** Holds each run until everybody watches, and counts what happens from then on: opening streams is a load of its own. */
async function watchRuns(
  { client, job }: BenchStack,
  options: { runs: number; watchers: number },
): Promise<Watched> {
  const delaysMs: number[] = [];
  const openingMs: number[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    const { id } = await client.start(job);
    await client.pause(id);
    let goesOnMs = Number.POSITIVE_INFINITY;
    const askedAt = performance.now();
    const streams = Array.from({ length: options.watchers }, () => {
      const caughtUp = Promise.withResolvers<undefined>();
      const ended = client.watch(
        id,
        ({ type, timeMs, seenMs }) => {
          if (type === pausedType) caughtUp.resolve(undefined);
          if (timeMs > goesOnMs) delaysMs.push(seenMs - timeMs);
        },
        () => openingMs.push(performance.now() - askedAt),
      );
      return { caughtUp: Promise.race([caughtUp.promise, ended]), ended };
    });
    await Promise.all(streams.map(({ caughtUp }) => caughtUp));
    goesOnMs = Date.now();
    await client.resume(id);
    await Promise.all(streams.map(({ ended }) => ended));
  }
  return { delaysMs, openingMs };
}

function figuresOf(name: string, samples: readonly number[]): readonly Figure[] {
  const target = { kind: 'most', value: 50 } as const;
  return [
    figure(`${name}, p50`, median(samples), 'ms'),
    figure(`${name}, p99`, percentile(samples, 0.99), 'ms', target),
  ];
}
