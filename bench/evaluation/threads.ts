import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import type { Extent, Tried } from '../../domain/evaluation/evaluation.ts';

const program = new URL('scenario-program.ts', import.meta.url);

/**
 * Evaluates scenarios on all processors.
 *
 * @param names - of the scenarios
 * @param extent - of each
 * @param found - is told each scenario's runs, in the order of the names
 */
export async function evaluateAll(
  names: readonly string[],
  extent: Extent,
  found: (name: string, tried: readonly Tried[]) => void,
): Promise<void> {
  const left = [...names.entries()];
  const done = new Map<number, readonly Tried[]>();
  let told = 0;
  const work = async (): Promise<void> => {
    const thread = new Worker(program);
    try {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        thread.postMessage({ scenario: next[1], extent });
        const [result] = (await once(thread, 'message')) as [readonly Tried[]];
        done.set(next[0], result);
        for (let ready = done.get(told); ready !== undefined; ready = done.get(told)) {
          found(String(names[told]), ready);
          told += 1;
        }
      }
    } finally {
      await thread.terminate();
    }
  };
  const threads = Math.min(availableParallelism(), names.length);
  await Promise.all(Array.from({ length: threads }, work));
}
