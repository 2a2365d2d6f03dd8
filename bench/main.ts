/** Measures the whole stack on this machine and prints what it found: `npm run bench`. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

import { openBenchStack } from './bench-stack.ts';
import type { Finding } from './figures.ts';
import { measureApprovals } from './measurements/approvals.ts';
import { measureBareTemporal } from './measurements/bare-temporal.ts';
import { measureCancellations } from './measurements/cancellations.ts';
import { measureFullDatabase } from './measurements/full-database.ts';
import { measureHistory } from './measurements/history.ts';
import { measureReady } from './measurements/ready.ts';
import { measureRepositoryCopies } from './measurements/repository-copies.ts';
import { measureSandboxCommands } from './measurements/sandbox-commands.ts';
import { measureSingle } from './measurements/single.ts';
import { measureSnippets } from './measurements/snippets.ts';
import { measureThroughput } from './measurements/throughput.ts';
import { measureWatchers } from './measurements/watchers.ts';
import { measureWhatIf } from './measurements/what-if.ts';
import { readOptions, usage } from './options.ts';
import type { BenchOptions, MeasurementName } from './options.ts';
import { findingText } from './report.ts';
import type { Report } from './report.ts';

const EXIT_USAGE = 2;
const BYTES_PER_GB = 1024 ** 3;
/** Measurements that share one stack; the others need stacks of their own. */
const onOneStack: readonly MeasurementName[] = [
  'single',
  'temporal-alone',
  'throughput',
  'watchers',
  'history',
  'approvals',
  'cancellations',
];
/** Measurements that need no stack of the bench's. */
const withoutStack: readonly (readonly [MeasurementName, () => Finding | Promise<Finding>])[] = [
  ['what-if', measureWhatIf],
  ['ready', measureReady],
  ['snippets', measureSnippets],
  ['sandbox-commands', measureSandboxCommands],
  ['repository-copies', measureRepositoryCopies],
];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    return EXIT_USAGE;
  }
  const startedAt = new Date().toISOString();
  const findings: Finding[] = [];
  const found = (finding: Finding): void => {
    findings.push(finding);
    process.stdout.write(`${findingText(finding)}\n`);
  };
  const machine = describeMachine();
  process.stdout.write(
    `${startedAt}, ${Object.values(machine).join(', ')}, ${options.models} models\n\n`,
  );
  await measureAll(options, found);
  const report: Report = { startedAt, machine, models: options.models, findings };
  if (options.jsonFile !== undefined) {
    await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  }
  return 0;
}

async function measureAll(options: BenchOptions, found: (finding: Finding) => void): Promise<void> {
  const isAsked = (name: MeasurementName): boolean => options.only.includes(name);
  for (const [name, measure] of withoutStack) {
    if (isAsked(name)) found(await measure());
  }
  if (options.only.some((name) => onOneStack.includes(name))) {
    const bench = await openBenchStack(options.models);
    try {
      if (isAsked('single')) found(await measureSingle(bench, options));
      if (isAsked('temporal-alone')) found(await measureBareTemporal(bench, options));
      if (isAsked('throughput')) (await measureThroughput(bench, options)).forEach(found);
      if (isAsked('watchers')) found(await measureWatchers(bench));
      if (isAsked('history')) found(await measureHistory(bench));
      if (isAsked('approvals')) found(await measureApprovals(bench, options));
      if (isAsked('cancellations')) found(await measureCancellations(bench));
    } finally {
      await bench.stop();
    }
  }
  if (isAsked('full-database')) found(await measureFullDatabase(options.models, options));
}

function describeMachine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: `${String(availableParallelism())} cores`,
    memory: `${(totalmem() / BYTES_PER_GB).toFixed(0)} GB`,
    system: `${process.platform} ${release()}`,
    node: `Node ${process.version}`,
  };
}
