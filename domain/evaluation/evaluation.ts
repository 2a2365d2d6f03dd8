import { drawQuestion } from './question.ts';
import { randomFrom } from './random.ts';
import { drawRecords } from './records.ts';
import { rosterOf } from './roster.ts';
import { kindAt, type Scenario } from './scenario.ts';
import { calibration, mean, proportion, type Calibration, type Measured } from './statistics.ts';
import { majority, planOf, type Strategy } from './strategy.ts';
import { simulate, type EvaluatedRun } from './simulation.ts';

/** How much is evaluated, and from which seed. */
export interface Extent {
  /** Simulated panels with a question each, at least 2. */
  readonly panels: number;
  readonly seed: number;
  /** Resolved trials that the house knows of every model; as many as the scenario says unless given. */
  readonly trials?: number | undefined;
}

/**
 * Where a strategy stands on the Pareto front of accuracy against tokens.
 *
 * - `on`: none is at least as good on both and better on one.
 * - `near`: some are, but none of them is more accurate by more than its interval.
 * - `off`: one that costs no more is more accurate by more than the interval of their difference.
 */
export type Standing = 'on' | 'near' | 'off';

/** How one strategy did in one scenario. Every interval is of 95 %. */
export interface StrategyResult {
  readonly name: string;
  readonly kind: Strategy['kind'];
  /** Share of the questions decided rightly; no decision is not right. */
  readonly accuracy: Measured;
  /** Share of the questions decided wrongly. */
  readonly wrong: Measured;
  /** Share without a decision. */
  readonly undecided: Measured;
  /** Share decided for the answer that liars agree on. */
  readonly lured: Measured;
  /** Per question. */
  readonly tokens: Measured;
  /** Of the decisions' confidence; `null` where nothing was ever decided. */
  readonly calibration: Calibration | null;
  /** Accuracy over plain majority's on the same questions. */
  readonly gain: Measured;
  /** Accuracy that the scenario's most accurate strategy has over it, on the same questions. */
  readonly regret: Measured;
  readonly standing: Standing;
}

/** How all strategies did in one scenario. */
export interface ScenarioResult {
  readonly scenario: Setting;
  readonly panels: number;
  /** Mean accuracy of an honest member alone. */
  readonly honestAccuracy: number;
  /** Name of the most accurate strategy in hindsight. */
  readonly best: string;
  readonly results: readonly StrategyResult[];
}

/** One strategy with its runs, one for each question, in the same order for all. */
export interface Tried {
  readonly strategy: Pick<Strategy, 'name' | 'kind'>;
  readonly runs: readonly EvaluatedRun[];
}

/**
 * Runs every strategy over the same simulated panels.
 *
 * @param scenario - what the panels and questions are drawn from
 * @param strategies - what is run
 * @param extent - how much is run
 * @param extent.panels - how many of them
 * @param extent.seed - of everything that is drawn
 * @param extent.trials - known of every model instead of what the scenario says
 */
export function tryAll(
  scenario: Scenario,
  strategies: readonly Strategy[],
  { panels, seed, trials }: Extent,
): readonly Tried[] {
  const tables = Array.from({ length: panels }, (_, number) => {
    const drawn = kindAt(scenario, seed, number);
    const kind = { ...drawn, trials: trials ?? drawn.trials };
    const question = drawQuestion(kind, seed, number);
    return { question, roster: rosterOf(kind, number, drawRecords(kind, seed, number)) };
  });
  return strategies.map((strategy) => ({
    strategy: { name: strategy.name, kind: strategy.kind },
    runs: tables.map(({ question, roster }) => simulate(planOf(strategy, roster), question)),
  }));
}

/** Runs every strategy over the same simulated panels and compares them; takes what {@link tryAll} takes. */
export function evaluate(
  scenario: Scenario,
  strategies: readonly Strategy[],
  extent: Extent,
): ScenarioResult {
  return compared(scenario, tryAll(scenario, strategies, extent), extent.seed);
}

/**
 * Puts the runs of several scenarios together, every panel counting alike.
 *
 * @param all - of each scenario its strategies, the same ones in the same order
 */
export function pooled(all: readonly (readonly Tried[])[]): readonly Tried[] {
  const [first = []] = all;
  return first.map(({ strategy }, index) => ({
    strategy,
    runs: all.flatMap((tried) => tried.slice(index, index + 1).flatMap(({ runs }) => runs)),
  }));
}

/** What a comparison says of its questions. */
export type Setting = Pick<Scenario, 'name' | 'about' | 'options' | 'attraction' | 'members'>;

/** All scenarios together. */
export const together: Setting = {
  name: 'together',
  about: 'all of these panels together',
  options: 4,
  attraction: 0,
  members: [],
};

/**
 * Compares strategies that met the same questions.
 *
 * @param scenario - what the questions were
 * @param tried - all with as many runs, plain majority among them
 * @param seed - of the bootstrap
 * @param scenarios - how many of them were put together by {@link pooled}, each with as many runs; 1 unless given. Panels
 *   of one number are drawn alike in all of them, so that together they are one sample
 * @throws Error when plain majority is not among them
 */
export function compared(
  scenario: Setting,
  tried: readonly Tried[],
  seed: number,
  scenarios = 1,
): ScenarioResult {
  const records = tried.map((one) => recordOf(one, scenarios));
  const base = records.find(({ strategy }) => strategy.name === majority);
  if (base === undefined) throw new Error(`strategies: got none named "${majority}"`);
  const open = records.filter(({ strategy }) => strategy.kind !== 'oracle');
  const best = open.reduce((one, other) => (other.accuracy > one.accuracy ? other : one), base);
  const honest = scenario.members.filter(({ fault }) => fault === null);
  return {
    scenario,
    panels: base.runs.length,
    honestAccuracy: mean(honest.map(({ accuracy }) => accuracy)).value,
    best: best.strategy.name,
    results: records.map((record) => ({
      ...figuresOf(record, seed),
      gain: difference(record, base),
      regret: difference(best, record),
      standing: standingOf(record, open),
    })),
  };
}

/** A strategy's runs with what is compared of them. */
interface Recorded extends Tried {
  /** Of each sample the share decided rightly. */
  readonly hits: readonly number[];
  readonly accuracy: number;
  readonly tokens: number;
  readonly scenarios: number;
}

function recordOf({ strategy, runs }: Tried, scenarios: number): Recorded {
  const hits = samplesOf(runs, scenarios, ({ outcome }) => Number(outcome === 'right'));
  const tokens = mean(runs.map((run) => run.tokens)).value;
  return { strategy, runs, hits, accuracy: mean(hits).value, tokens, scenarios };
}

/** Means over the runs that were drawn from the same numbers: they stand at the same place of every scenario. */
function samplesOf(
  runs: readonly EvaluatedRun[],
  scenarios: number,
  valueOf: (run: EvaluatedRun) => number,
): readonly number[] {
  const count = runs.length / scenarios;
  const sums = runs.reduce<number[]>((all, run, place) => {
    const number = place % count;
    all[number] = (all[number] ?? 0) + valueOf(run);
    return all;
  }, []);
  return sums.map((sum) => sum / scenarios);
}

function figuresOf(
  { strategy, runs, scenarios }: Recorded,
  seed: number,
): Omit<StrategyResult, 'gain' | 'regret' | 'standing'> {
  const share = (isOne: (run: EvaluatedRun) => boolean): Measured =>
    scenarios === 1
      ? proportion(runs.filter(isOne).length, runs.length)
      : mean(samplesOf(runs, scenarios, (run) => Number(isOne(run))));
  const forecasts = runs.flatMap(({ confidence, outcome }) =>
    confidence === null ? [] : { confidence, isRight: outcome === 'right' },
  );
  return {
    name: strategy.name,
    kind: strategy.kind,
    accuracy: share(({ outcome }) => outcome === 'right'),
    wrong: share(({ outcome }) => outcome === 'wrong'),
    undecided: share(({ outcome }) => outcome === 'none'),
    lured: share(({ isLure }) => isLure),
    tokens: mean(samplesOf(runs, scenarios, ({ tokens }) => tokens)),
    calibration: calibration(forecasts, randomFrom(seed, forecasts.length)),
  };
}

/** How much more accurate one is than the other on the same questions; the interval is of the paired differences. */
function difference(one: Recorded, other: Recorded): Measured {
  return mean(one.hits.map((hit, number) => hit - Number(other.hits[number])));
}

function standingOf(record: Recorded, records: readonly Recorded[]): Standing {
  const dominating = records.filter(
    (other) =>
      other.tokens <= record.tokens &&
      other.accuracy >= record.accuracy &&
      (other.tokens < record.tokens || other.accuracy > record.accuracy),
  );
  if (dominating.length === 0) return 'on';
  return dominating.some((other) => difference(other, record).low > 0) ? 'off' : 'near';
}
