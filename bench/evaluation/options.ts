import { parseArgs } from 'node:util';

import type { ModelJob } from './model-job.ts';
import { scenarios } from '../../domain/evaluation/scenarios.ts';

/** What was asked for on the command line. */
export interface EvaluationOptions {
  /** Simulated panels per scenario. */
  readonly panels: number;
  readonly seed: number;
  /** Resolved trials that the house knows of every model; undefined: what each scenario says. */
  readonly trials: number | undefined;
  /** Names of scenarios. */
  readonly only: readonly string[];
  /** Where the results are written as JSON; nowhere by default. */
  readonly jsonFile: string | undefined;
  /** Where the plot is written; undefined: its usual place. */
  readonly svgFile: string | undefined;
  /** A real model instead of simulated panels; undefined without one. */
  readonly job: ModelJob | undefined;
  /** Whether the assumptions about weights are measured instead of the strategies. */
  readonly measuresPriors: boolean;
  readonly isHelp: boolean;
}

const range = {
  /** Every run of every panel is kept until the end: more would not fit into memory. */
  panels: { from: 10, to: 10_000 },
  seed: { from: 0, to: 2 ** 32 - 1 },
  trials: { from: 0, to: 10_000 },
  seats: { from: 2, to: 9 },
  questions: { from: 2, to: 10_000 },
} as const;

const usual = { panels: '150', seats: '3', questions: '20' } as const;

/** How the command is used. */
export const usage = `npm run evaluate -- [--panels 150] [--trials N] [--only NAME[,NAME]] [--json FILE] [--svg FILE] [--seed 1]
  compares every protocol and gate over simulated panels; needs no model and nothing that runs
  --panels   simulated panels of each scenario, 10 to 10000
  --trials   resolved trials that the house knows of every model, 0 to 10000: 0 is a house without records; else by scenario
  --only     scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --json     writes all figures to FILE
  --svg      writes the plot to FILE instead of .cache/evaluation.svg
  --seed     the same seed gives the same figures
npm run evaluate -- --priors [--panels 150] [--seed 1]
  measures other assumptions behind the weights by record
npm run evaluate -- --base-url URL --model NAME [--seats 3] [--questions 20] [--seed 1]
  seats a real model of an OpenAI-compatible server on questions with known answers`;

const flags =
  '--panels, --seed, --trials, --only, --json, --svg, --priors, --base-url, --model, --seats, --questions or --help';

/**
 * Reads the command line.
 *
 * @throws RangeError that says in one line what is wrong
 */
export function readOptions(args: readonly string[]): EvaluationOptions {
  const values = valuesIn(args);
  const options = {
    panels: whole('--panels', values.panels ?? usual.panels, range.panels),
    seed: whole('--seed', values.seed, range.seed),
    trials:
      values.trials === undefined ? undefined : whole('--trials', values.trials, range.trials),
    only: values.only === undefined ? scenarios.map(({ name }) => name) : namesIn(values.only),
    jsonFile: file('--json', values.json),
    svgFile: file('--svg', values.svg),
    job: jobIn(values),
    measuresPriors: values.priors ?? false,
    isHelp: values.help,
  };
  refuseIdle(values);
  return options;
}

interface Values {
  readonly panels?: string | undefined;
  readonly seed: string;
  readonly trials?: string | undefined;
  readonly only?: string | undefined;
  readonly json?: string | undefined;
  readonly svg?: string | undefined;
  readonly priors?: boolean | undefined;
  readonly 'base-url'?: string | undefined;
  readonly model?: string | undefined;
  readonly seats?: string | undefined;
  readonly questions?: string | undefined;
  readonly help: boolean;
}

function valuesIn(args: readonly string[]): Values {
  try {
    return parseArgs({
      args: [...args],
      options: {
        panels: { type: 'string' },
        seed: { type: 'string', default: '1' },
        trials: { type: 'string' },
        only: { type: 'string' },
        json: { type: 'string' },
        svg: { type: 'string' },
        priors: { type: 'boolean' },
        'base-url': { type: 'string' },
        model: { type: 'string' },
        seats: { type: 'string' },
        questions: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const [what = ''] = (error as Error).message.split(/\n|\. /);
    throw new RangeError(`${what}; expected ${flags}`, { cause: error });
  }
}

/** What would change nothing is a mistake of whoever asks for it. */
function refuseIdle(values: Values): void {
  const isJob = values['base-url'] !== undefined;
  const [idle, where] = isJob
    ? ([['panels', 'trials', 'only', 'json', 'svg', 'priors'], 'beside --base-url'] as const)
    : values.priors === true
      ? ([['trials', 'only', 'json', 'svg', 'seats', 'questions'], 'beside --priors'] as const)
      : ([['seats', 'questions'], 'without --base-url'] as const);
  const flag = idle.find((name) => values[name] !== undefined);
  if (flag === undefined) return;
  const got = JSON.stringify(values[flag]);
  throw new RangeError(`--${flag}: got ${got}, expected nothing ${where}`);
}

function jobIn(values: Values): ModelJob | undefined {
  const { 'base-url': baseUrl, model } = values;
  const seats = whole('--seats', values.seats ?? usual.seats, range.seats);
  const questions = whole('--questions', values.questions ?? usual.questions, range.questions);
  if (baseUrl === undefined && model === undefined) return undefined;
  if (baseUrl === undefined || !/^https?:/.test(baseUrl) || !URL.canParse(baseUrl)) {
    const got = baseUrl === undefined ? 'nothing' : JSON.stringify(baseUrl);
    throw new RangeError(`--base-url: got ${got}, expected the http or https URL of the server`);
  }
  if (model === undefined || model === '') {
    throw new RangeError('--model: got nothing, expected the name of a model of the server');
  }
  return { baseUrl, model, seats, questions, seed: whole('--seed', values.seed, range.seed) };
}

function whole(flag: string, text: string, { from, to }: { from: number; to: number }): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value >= from && value <= to) return value;
  const expected = `a whole number from ${String(from)} to ${String(to)}`;
  throw new RangeError(`${flag}: got ${JSON.stringify(text)}, expected ${expected}`);
}

function namesIn(text: string): readonly string[] {
  const names = scenarios.map(({ name }) => name);
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown === undefined) return names.filter((name) => asked.includes(name));
  throw new RangeError(`--only: got ${JSON.stringify(unknown)}, expected ${names.join(', ')}`);
}

function file(flag: string, path: string | undefined): string | undefined {
  if (path !== '') return path;
  throw new RangeError(`${flag}: got an empty name, expected a file`);
}
