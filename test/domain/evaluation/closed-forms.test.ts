import { describe, expect, test } from '@jest/globals';

import {
  juryAccuracy,
  optimalAccuracy,
  weightedAccuracy,
  optimalAgainstLiars,
} from '../../../domain/evaluation/closed-forms.ts';
import { logOddsWeight } from '../../../domain/evaluation/roster.ts';
import { selfChecks } from '../../../domain/evaluation/self-check.ts';
import type { Protocol } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';

/** Adds up the chance of every pattern of right and wrong votes that the real tally decides rightly; ties count half. */
function countedAccuracy(
  protocol: Protocol,
  accuracies: readonly number[],
  weights: readonly number[],
): number {
  const seats = weights.map((weight, index) => ({ seat: `s${String(index)}`, weight }));
  let total = 0;
  for (let pattern = 0; pattern < 2 ** accuracies.length; pattern += 1) {
    const votes = accuracies.map((accuracy, index) => {
      const isRight = (pattern >> index) % 2 === 1;
      return { isRight, chance: isRight ? accuracy : 1 - accuracy };
    });
    const ballots = votes.map(({ isRight }, index) => ({
      seat: `s${String(index)}`,
      choice: { kind: 'single' as const, option: isRight ? 'right' : 'wrong' },
    }));
    const outcome = tally(protocol, ballots, { options: ['right', 'wrong'], seats, closed: true });
    const chance = votes.reduce((product, vote) => product * vote.chance, 1);
    if (outcome.kind === 'no-decision') total += chance / 2;
    else if (outcome.option === 'right') total += chance;
  }
  return total;
}

/** Every list of so many weights from 1 to 4. */
function weightings(count: number): readonly (readonly number[])[] {
  if (count === 0) return [[]];
  return weightings(count - 1).flatMap((rest) => [1, 2, 3, 4].map((weight) => [weight, ...rest]));
}

describe("Condorcet's jury theorem", () => {
  test.each([
    [1, 0.6, 0.6],
    [3, 0.6, 0.648],
    [5, 0.6, 0.68256],
    [3, 0.5, 0.5],
    [3, 1, 1],
  ])('gives %d voters of %d an accuracy of %d', (voters, accuracy, expected) => {
    expect(juryAccuracy(voters, accuracy)).toBeCloseTo(expected, 12);
  });

  test.each([
    [3, 0.6],
    [5, 0.7],
    [7, 0.55],
    [9, 0.65],
  ])('is met exactly by the real plurality of %d voters of %d', (voters, accuracy) => {
    const accuracies = Array.from({ length: voters }, () => accuracy);
    const weights = accuracies.map(() => 1);

    const counted = countedAccuracy({ kind: 'plurality' }, accuracies, weights);

    expect(counted).toBeCloseTo(juryAccuracy(voters, accuracy), 12);
  });

  test('lets the jury grow better with its size above one half, and worse below', () => {
    const growing = [1, 3, 5, 7, 9].map((voters) => juryAccuracy(voters, 0.6));
    const failing = [1, 3, 5, 7, 9].map((voters) => juryAccuracy(voters, 0.4));

    expect(growing).toEqual([...growing].sort());
    expect(failing).toEqual([...failing].sort().reverse());
  });
});

describe('log-odds weights', () => {
  const panels = [
    [0.9, 0.6, 0.6],
    [0.8, 0.7, 0.6, 0.55],
    [0.9, 0.8, 0.6, 0.6, 0.55],
    [0.7, 0.7, 0.7, 0.7, 0.7],
  ];

  test.each(panels.map((panel) => [panel.join(', '), panel] as const))(
    'are beaten by no weights from 1 to 4 for voters of %s',
    (_, accuracies) => {
      const best = weightedAccuracy(
        accuracies,
        accuracies.map((accuracy) => logOddsWeight(accuracy, 2)),
      );

      for (const weights of weightings(accuracies.length)) {
        expect(weightedAccuracy(accuracies, weights)).toBeLessThanOrEqual(best + 1e-9);
      }
    },
  );

  test.each(panels.map((panel) => [panel.join(', '), panel] as const))(
    'reach the optimum of all rules through the real tally for voters of %s',
    (_, accuracies) => {
      const weights = accuracies.map((accuracy) => logOddsWeight(accuracy, 2));

      const counted = countedAccuracy({ kind: 'weighted' }, accuracies, weights);

      expect(counted).toBeCloseTo(optimalAccuracy(accuracies), 9);
    },
  );

  test('beat one vote each where skill is mixed', () => {
    const accuracies = [0.9, 0.6, 0.6];

    expect(optimalAccuracy(accuracies)).toBeGreaterThan(
      weightedAccuracy(accuracies, [1, 1, 1]) + 0.05,
    );
  });
});

test('equal weights on both sides count half', () => {
  expect(weightedAccuracy([0.8, 0.8], [1, 1])).toBeCloseTo(0.64 + 0.16, 12);
});

describe('the simulation', () => {
  test('agrees with the closed forms', () => {
    const checks = selfChecks({ panels: 1_500, seed: 11 });

    expect(checks).toHaveLength(5);
    expect(checks.filter(({ isMet }) => !isMet)).toEqual([]);
  });
});

describe('against liars', () => {
  const panel = { honest: 5, liars: 2, accuracy: 0.68, lured: 0.3 + 0.7 / 3, options: 4 };

  test('no rule over seven votes is as good as an honest voter of 0.68 alone', () => {
    expect(optimalAgainstLiars(panel)).toBeCloseTo(0.6518, 4);
    expect(optimalAgainstLiars({ ...panel, accuracy: 0.8 })).toBeGreaterThan(0.8);
  });

  test('without liars, wrong answers spread evenly, the best rule is the plain majority', () => {
    const jury = { ...panel, liars: 0, honest: 1, lured: 1 / 3 };

    expect(optimalAgainstLiars(jury)).toBeCloseTo(0.68, 12);
    expect(optimalAgainstLiars({ ...jury, honest: 5 })).toBeGreaterThan(0.85);
  });
});
