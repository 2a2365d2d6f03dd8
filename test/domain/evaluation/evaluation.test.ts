import { describe, expect, test } from '@jest/globals';

import {
  compared,
  evaluate,
  pooled,
  tryAll,
  type StrategyResult,
} from '../../../domain/evaluation/evaluation.ts';
import type { Scenario } from '../../../domain/evaluation/scenario.ts';
import { strategies } from '../../../domain/evaluation/strategies.ts';
import { majority } from '../../../domain/evaluation/strategy.ts';
import { memberWith, scenarioWith } from './panels.ts';

const extent = { panels: 120, seed: 5 };
const few = strategies.filter(({ name }) =>
  [
    'default vote',
    'one agent, best record',
    majority,
    'oracle: vote, true log-odds',
    'debate, 2 rounds',
  ].includes(name),
);
const mixedMembers = [0.92, 0.6, 0.45, 0.45, 0.4].map((accuracy, index) =>
  memberWith({ accuracy, record: accuracy, model: `m${String(index)}` }),
);

function resultsOf(fields: Partial<Scenario> = {}): Map<string, StrategyResult> {
  const { results } = evaluate(scenarioWith(fields), few, extent);
  return new Map(results.map((result) => [result.name, result]));
}

test('scenarios are pooled run by run, strategy by strategy', () => {
  const tiny = { panels: 3, seed: 1 };
  const all = [scenarioWith(), scenarioWith({ options: 2 })].map((one) => tryAll(one, few, tiny));

  const both = pooled(all);

  expect(both.map(({ strategy }) => strategy.name)).toEqual(few.map(({ name }) => name));
  expect(both[1]?.runs).toEqual(all.flatMap((tried) => tried[1]?.runs ?? []));
  expect(pooled([])).toEqual([]);
});

test('scenarios drawn from the same numbers are one sample of means: a second one adds no certainty', () => {
  const tried = tryAll(scenarioWith({ members: mixedMembers }), few, { panels: 40, seed: 1 });

  const once = compared(scenarioWith(), pooled([tried, tried]), 1, 2).results;
  const twice = compared(scenarioWith(), pooled([tried, tried, tried, tried]), 1, 4).results;

  expect(twice.map(({ accuracy, gain, tokens }) => ({ accuracy, gain, tokens }))).toEqual(
    once.map(({ accuracy, gain, tokens }) => ({ accuracy, gain, tokens })),
  );
  expect(once.map(({ accuracy }) => accuracy.value)).toEqual(
    compared(scenarioWith(), tried, 1).results.map(({ accuracy }) => accuracy.value),
  );
});

describe('an evaluation', () => {
  test('is the same for the same seed, and another one for another', () => {
    const once = evaluate(scenarioWith(), few, extent);

    expect(evaluate(scenarioWith(), few, extent)).toEqual(once);
    expect(evaluate(scenarioWith(), few, { ...extent, seed: 6 })).not.toEqual(once);
  });

  test('takes the trials that it is told instead of those of the scenario', () => {
    const bare = scenarioWith({ members: mixedMembers, trials: 0 });
    const known = scenarioWith({ members: mixedMembers, trials: 40 });

    const results = evaluate(known, few, { ...extent, trials: 0 }).results;

    expect(results).toEqual(evaluate(bare, few, extent).results);
    expect(results).not.toEqual(evaluate(known, few, extent).results);
  });

  test('draws a kind of panel for every question where the scenario says so', () => {
    const drawn = (_seed: number, number: number): Scenario => {
      const accuracy = number % 2 === 0 ? 0.9 : 0.5;
      const members = ['m1', 'm2', 'm3'].map((model) => memberWith({ accuracy, model }));
      return scenarioWith({ members });
    };
    const right = (scenario: Scenario): unknown =>
      evaluate(scenario, few, extent).results.map(({ accuracy }) => accuracy.value);

    expect(right(scenarioWith({ members: [], drawn }))).not.toEqual(right(drawn(5, 0)));
    expect(right(scenarioWith({ drawn: () => drawn(5, 0) }))).toEqual(right(drawn(5, 0)));
  });

  test('splits every strategy into right, wrong and undecided', () => {
    for (const { accuracy, wrong, undecided } of resultsOf().values()) {
      expect(accuracy.value + wrong.value + undecided.value).toBeCloseTo(1, 12);
    }
  });

  test('gives the best no regret and plain majority no gain', () => {
    const { best, results } = evaluate(scenarioWith(), few, extent);

    const [winner] = results.filter(({ name }) => name === best);
    const [base] = results.filter(({ name }) => name === majority);

    expect(winner?.regret).toEqual({ value: 0, low: 0, high: 0 });
    expect(base?.gain).toEqual({ value: 0, low: 0, high: 0 });
    for (const { regret } of results) expect(regret.value).toBeGreaterThanOrEqual(0);
  });

  test('finds log-odds better than plain majority where skill is mixed', () => {
    const results = resultsOf({ members: mixedMembers });

    expect(results.get('oracle: vote, true log-odds')?.gain.low).toBeGreaterThan(0.05);
  });

  test('puts a strategy near the front that a cheaper one hardly beats, and off it where clearly', () => {
    const run = { isLure: false, confidence: 0.7 };
    const runs = (tokens: number, right: number) =>
      Array.from({ length: 20 }, (_, number) => ({
        ...run,
        tokens,
        outcome: number < right ? ('right' as const) : ('wrong' as const),
      }));
    const named = (name: string, kind: 'named' | 'oracle' = 'named') => ({ name, kind });

    const { results, best } = compared(
      scenarioWith(),
      [
        { strategy: named(majority), runs: runs(100, 15) },
        { strategy: named('dearer'), runs: runs(200, 14) },
        { strategy: named('dearer and worse'), runs: runs(200, 5) },
        { strategy: named('oracle', 'oracle'), runs: runs(50, 20) },
      ],
      1,
    );

    expect(results.map(({ standing }) => standing)).toEqual(['on', 'near', 'off', 'on']);
    expect(best).toBe(majority);
  });

  test('refuses to compare without plain majority', () => {
    const others = strategies.filter(({ name }) => name !== majority);

    expect(() => evaluate(scenarioWith(), others, { panels: 10, seed: 1 })).toThrow(
      'strategies: got none named "vote, plurality"',
    );
  });
});
