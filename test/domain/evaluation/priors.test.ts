import { expect, test } from '@jest/globals';

import { evaluate } from '../../../domain/evaluation/evaluation.ts';
import { correlations, priorTrials, shares } from '../../../domain/evaluation/priors.ts';

test('each assumption is tried with every value, beside plain majority', () => {
  expect(priorTrials.map(({ strategies }) => strategies.length)).toEqual([
    correlations.length + 1,
    shares.length + 1,
  ]);
});

test('who assumes that same-model seats are independent does worst where they are one', () => {
  const [trial] = priorTrials;
  const one = trial?.scenarios.at(-1);
  const { results = [] } =
    trial && one ? evaluate(one, trial.strategies, { panels: 300, seed: 2 }) : {};
  const right = (name: string) => results.find((found) => found.name === name)?.accuracy.value;

  expect(right('assumed 0.5')).toBeGreaterThan(Number(right('assumed 0')));
});
