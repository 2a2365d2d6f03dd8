import type { BenchStack } from '../bench-stack.ts';
import { startProgram } from '../child-program.ts';
import { figure, median } from '../figures.ts';
import type { Finding } from '../figures.ts';
import { costFigures, countCosts, loadNote } from '../part-costs.ts';
import { criticalPathMs } from '../reference-job.ts';
import type { LoadSize } from './throughput.ts';

type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly elapsedMs: number; readonly tookMs: readonly number[] };

const WARM_UP = { debates: 60, inFlight: 50 };
const SINGLE_RUNS = 30;

/** Measures what the reference job's calls cost in Temporal alone, on the same server: the floor of a durable debate. */
export async function measureBareTemporal(bench: BenchStack, size: LoadSize): Promise<Finding> {
  const { temporalAddress, temporalNamespace } = bench.stack.connections;
  const program = await startProgram<Said>('bare-program.ts', [temporalAddress, temporalNamespace]);
  const run = async (load: LoadSize): Promise<Extract<Said, { kind: 'done' }>> => {
    const next = program.next();
    program.send(load);
    const said = await next;
    if (said.kind !== 'done') throw new Error('the bare program started again');
    return said;
  };
  try {
    await run(WARM_UP);
    const single = await run({ debates: SINGLE_RUNS, inFlight: 1 });
    const parts = new Map([...bench.parts].filter(([name]) => name === 'temporal'));
    const costs = countCosts(parts.set('worker', program.pid));
    const many = await run(size);
    const used = costs();
    return {
      measurement: `Temporal alone: the same calls, which only wait (${String(size.debates)} debates, ${String(size.inFlight)} in flight)`,
      figures: [
        figure('debates', (size.debates / many.elapsedMs) * 1000, '/s'),
        figure('overhead of one at a time, p50', median(single.tookMs) - criticalPathMs, 'ms'),
        ...costFigures(used, size.debates),
      ],
      notes: [loadNote(used)],
    };
  } finally {
    await program.stop();
  }
}
