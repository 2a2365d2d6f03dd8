/** Compares strategies over simulated panels, or over a real model: `npm run evaluate`. */
import { open } from 'node:fs/promises';

import { ProviderFaultError } from '../../activities/models/fault.ts';
import { compared } from '../../domain/evaluation/evaluation.ts';
import { settingOf, tryOnModel, type ModelJob } from './model-job.ts';
import { readOptions, usage } from './options.ts';
import type { EvaluationOptions } from './options.ts';
import { measurePriors } from './prior-report.ts';
import { reportPanels } from './panel-report.ts';
import { legend, scenarioText, standingText } from './tables.ts';

const EXIT_UNANSWERED = 1;
const EXIT_USAGE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: EvaluationOptions;
  try {
    options = readOptions(args);
    if (options.isHelp) {
      print(usage);
      return 0;
    }
    await makeWritable('--json', options.jsonFile);
    await makeWritable('--svg', options.svgFile);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return EXIT_USAGE;
  }
  if (options.job !== undefined) return await reportJob(options.job);
  if (options.measuresPriors) measurePriors(options, print);
  else await reportPanels(options, print, tell);
  return 0;
}

/** Finds out before the work whether its results can be kept. */
async function makeWritable(flag: string, path: string | undefined): Promise<void> {
  if (path === undefined) return;
  try {
    await (await open(path, 'a')).close();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const message = `${flag}: got ${JSON.stringify(path)}, expected a file that can be written (${code})`;
    throw new RangeError(message, { cause: error });
  }
}

async function reportJob(job: ModelJob): Promise<number> {
  try {
    await tryJob(job);
    return 0;
  } catch (error) {
    if (!(error instanceof ProviderFaultError)) throw error;
    tell(`--base-url: got ${job.baseUrl}, expected a server that answers: ${error.message}`);
    return EXIT_UNANSWERED;
  }
}

async function tryJob(job: ModelJob): Promise<void> {
  const startedMs = performance.now();
  const tried = await tryOnModel(job, (all) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    const done = String(all[0]?.runs.length);
    tell(`question ${done} of ${String(job.questions)}, ${seconds} s; ${standingText(all)}`);
  });
  print(scenarioText(compared(settingOf(job), tried, job.seed)));
  print(legend);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says how far the work is, apart from the tables. */
function tell(progress: string): void {
  process.stderr.write(`${progress}\n`);
}
