import { loadavg } from 'node:os';

import type { Figure } from './figures.ts';
import { figure } from './figures.ts';
import { machineBusyMs, processorMs } from './process-tree.ts';

/** Names of parts and the ids of their processes. */
export type Parts = ReadonlyMap<string, number>;

/** What was used between two looks. */
export interface PartCosts {
  readonly elapsedMs: number;
  /** Processor time by part, milliseconds. */
  readonly byPart: ReadonlyMap<string, number>;
  /** Processors that everything else on the machine kept busy, on average. */
  readonly othersBusy: number;
}

/** Begins to count; the function it gives tells what was used since. */
export function countCosts(parts: Parts): () => PartCosts {
  const look = (): ReadonlyMap<string, number> =>
    new Map([...parts].map(([name, pid]) => [name, processorMs(pid)]));
  const before = { at: performance.now(), parts: look(), machine: machineBusyMs(), own: ownMs() };
  return () => {
    const now = look();
    const elapsedMs = performance.now() - before.at;
    const byPart = new Map(
      [...now].map(([name, ms]) => [name, ms - (before.parts.get(name) ?? 0)]),
    );
    byPart.set('bench', ownMs() - before.own);
    const ours = [...byPart.values()].reduce((sum, ms) => sum + ms, 0);
    const othersBusy = Math.max(0, machineBusyMs() - before.machine - ours) / elapsedMs;
    return { elapsedMs, byPart, othersBusy };
  };
}

/** Gives processor time per debate, by part and in all, without what the bench itself took. */
export function costFigures(costs: PartCosts, debates: number): readonly Figure[] {
  const parts = [...costs.byPart].filter(([name]) => name !== 'bench');
  const sum = parts.reduce((all, [, ms]) => all + ms, 0);
  return [
    figure('CPU, all parts', sum / debates, 'ms/debate'),
    ...parts.map(([name, ms]) => figure(`CPU, ${name}`, ms / debates, 'ms/debate')),
    figure('CPU, the bench itself', (costs.byPart.get('bench') ?? 0) / debates, 'ms/debate'),
  ];
}

/** Says how much else was going on. */
export function loadNote(costs: PartCosts): string {
  const load = loadavg()[0] ?? 0;
  return `beside us ${costs.othersBusy.toFixed(2)} processors were busy; load average ${load.toFixed(1)}`;
}

function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
