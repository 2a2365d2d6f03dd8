import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { verdictsOf } from '../../domain/evaluation/acceptance.ts';
import { compared, pooled, together } from '../../domain/evaluation/evaluation.ts';
import type { Extent, ScenarioResult, Setting, Tried } from '../../domain/evaluation/evaluation.ts';
import { scenarioNamed } from '../../domain/evaluation/scenarios.ts';
import { selfChecks } from '../../domain/evaluation/self-check.ts';
import { strategies } from '../../domain/evaluation/strategies.ts';
import type { EvaluationOptions } from './options.ts';
import { plotOf } from './plot.ts';
import { checkText, legend, scenarioText, verdictText } from './tables.ts';
import { evaluateAll } from './threads.ts';

const usualPlot = fileURLToPath(new URL('../../.cache/evaluation.svg', import.meta.url));

/**
 * Runs every strategy over simulated panels; prints tables and promises, and writes plot and JSON.
 *
 * @param options - how much, and where to
 * @param print - takes each piece of text as soon as it is known
 * @param tell - is told how far it is
 */
export async function reportPanels(
  options: EvaluationOptions,
  print: (text: string) => void,
  tell: (progress: string) => void,
): Promise<void> {
  const startedMs = performance.now();
  const { panels, seed, trials, only, jsonFile } = options;
  const extent = { panels, seed, trials };
  const checks = selfChecks({ panels, seed });
  print(checkText(checks));
  const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(0);
  const results = await resultsOf(only, extent, (result, done) => {
    print(scenarioText(result));
    tell(`scenario ${String(done)} of ${String(only.length)}, ${seconds()} s`);
  });
  print(`${legend}\n`);
  const verdicts = results.flatMap(verdictsOf);
  print(verdictText(verdicts));
  const plot = options.svgFile ?? usualPlot;
  await mkdir(dirname(plot), { recursive: true });
  await writeFile(plot, plotOf(results));
  if (jsonFile !== undefined) {
    await writeFile(
      jsonFile,
      `${JSON.stringify({ extent, checks, results, verdicts }, null, 2)}\n`,
    );
  }
  print(speedText(extent, only.length, performance.now() - startedMs));
  print(`plot: ${relative(process.cwd(), plot)}`);
}

/** Compares each scenario as soon as it is run, then all together. */
async function resultsOf(
  names: readonly string[],
  extent: Extent,
  found: (result: ScenarioResult, done: number) => void,
): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  const all: (readonly Tried[])[] = [];
  const compare = (setting: Setting, tried: readonly Tried[], scenarios = 1): void => {
    const result = compared(setting, tried, extent.seed, scenarios);
    results.push(result);
    found(result, all.length);
  };
  await evaluateAll(names, extent, (name, tried) => {
    all.push(tried);
    compare(scenarioNamed(name), tried);
  });
  if (all.length > 1) compare(together, pooled(all), all.length);
  return results;
}

function speedText({ panels, seed }: Extent, scenarios: number, ms: number): string {
  const seconds = ms / 1000;
  const runs = panels * scenarios * strategies.length;
  return (
    `${String(runs)} runs of ${String(strategies.length)} strategies over ${String(panels * scenarios)} panels ` +
    `in ${seconds.toFixed(1)} s (${String(Math.round(runs / seconds))} per second), seed ${String(seed)}`
  );
}
