import { openBenchStack } from '../bench-stack.ts';
import type { BenchStack } from '../bench-stack.ts';
import { countWal } from '../database-growth.ts';
import { fillWithCopies, settle } from '../finished-debates.ts';
import { figure, median } from '../figures.ts';
import type { Finding } from '../figures.ts';
import { runDebates } from '../load.ts';
import type { ModelsKind } from '../options.ts';
import { countCosts } from '../part-costs.ts';

interface Sample {
  readonly postgresMs: number;
  readonly allMs: number;
  readonly perSecond: number;
  readonly walKb: number;
}

const BLOCKS = 6;
const DEBATES_PER_BLOCK = 60;
const IN_FLIGHT = 20;
const FEW = 10;

/**
 * Measures whether a debate costs more in a database full of finished ones. Two stacks take turns, so that whatever
 * else the machine does meets both alike.
 */
export async function measureFullDatabase(
  models: ModelsKind,
  options: { finished: number },
): Promise<Finding> {
  const opened: BenchStack[] = [];
  try {
    for (let stack = 0; stack < 2; stack += 1) opened.push(await openBenchStack(models));
    const [few, full] = opened as [BenchStack, BenchStack];
    for (const bench of [few, full]) await runDebates(bench, { debates: FEW, inFlight: FEW });
    await settle(few.sql);
    await fillWithCopies(full.sql, options.finished);
    for (const bench of [few, full]) await block(bench); // warm
    const samples: { few: Sample[]; full: Sample[] } = { few: [], full: [] };
    for (let round = 0; round < BLOCKS; round += 1) {
      const order = round % 2 === 0 ? (['few', 'full'] as const) : (['full', 'few'] as const);
      for (const name of order) samples[name].push(await block(name === 'few' ? few : full));
    }
    return findingOf(samples, options.finished);
  } finally {
    for (const bench of opened) await bench.stop();
  }
}

async function block(bench: BenchStack): Promise<Sample> {
  const wal = await countWal(bench.sql);
  const costs = countCosts(bench.parts);
  const { elapsedMs } = await runDebates(bench, {
    debates: DEBATES_PER_BLOCK,
    inFlight: IN_FLIGHT,
  });
  const { byPart } = costs();
  const walBytes = await wal();
  const all = [...byPart].filter(([name]) => name !== 'bench');
  return {
    postgresMs: (byPart.get('postgres') ?? 0) / DEBATES_PER_BLOCK,
    allMs: all.reduce((sum, [, ms]) => sum + ms, 0) / DEBATES_PER_BLOCK,
    perSecond: (DEBATES_PER_BLOCK / elapsedMs) * 1000,
    walKb: walBytes / DEBATES_PER_BLOCK / 1024,
  };
}

function findingOf(
  { few, full }: { few: readonly Sample[]; full: readonly Sample[] },
  finished: number,
): Finding {
  const middle = (samples: readonly Sample[], field: keyof Sample): number =>
    median(samples.map((sample) => sample[field]));
  const ratio = (field: keyof Sample): number => middle(full, field) / middle(few, field);
  const target = { kind: 'most', value: 1.1 } as const;
  return {
    measurement: `cost with ${String(finished)} finished debates against ${String(FEW)} (${String(BLOCKS)} blocks of ${String(DEBATES_PER_BLOCK)} each, in turns)`,
    figures: [
      figure('CPU, all parts, ratio', ratio('allMs'), '', target),
      figure('CPU, postgres, ratio', ratio('postgresMs'), '', target),
      figure('debates/s, ratio', ratio('perSecond'), '', {
        kind: 'least',
        value: 1 / target.value,
      }),
      figure('CPU, postgres, few', middle(few, 'postgresMs'), 'ms/debate'),
      figure('CPU, postgres, full', middle(full, 'postgresMs'), 'ms/debate'),
      figure('write-ahead log, few', middle(few, 'walKb'), 'KB/debate'),
      figure('write-ahead log, full', middle(full, 'walKb'), 'KB/debate'),
    ],
    notes: [
      'medians of the blocks; the log holds whole pages for as long as a block is the first to touch them',
    ],
  };
}
