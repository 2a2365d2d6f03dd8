import { describe, expect, test } from '@jest/globals';

import { drawBeta, drawGamma, drawNormal, randomFrom } from '../../../domain/evaluation/random.ts';

const draws = 20_000;

function momentsOf(draw: () => number): { mean: number; variance: number } {
  const samples = Array.from({ length: draws }, draw);
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / draws;
  return { mean, variance: samples.reduce((sum, one) => sum + (one - mean) ** 2, 0) / draws };
}

describe('a seeded sequence', () => {
  test('is the same for the same keys, for ever', () => {
    const random = randomFrom(1, 2, 3);

    expect([random(), random(), random()]).toEqual([
      0.3854139286559075, 0.24735477473586798, 0.5961908185854554,
    ]);
    expect(randomFrom(1, 2, 3)()).toBe(randomFrom(1, 2, 3)());
  });

  test('is another one for other keys, for their order, and for more of them', () => {
    const firsts = [[1, 2], [2, 1], [1, 2, 0], [1], [0], [], [1, -2]].map((keys) =>
      randomFrom(...keys)(),
    );

    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test('is even, also across neighbouring keys', () => {
    const random = randomFrom(1);
    let key = 0;

    for (const draw of [random, () => randomFrom(5, (key += 1))()]) {
      const { mean, variance } = momentsOf(draw);
      expect(mean).toBeCloseTo(0.5, 1.7);
      expect(variance).toBeCloseTo(1 / 12, 2);
    }
  });

  test('stays from 0 to below 1', () => {
    const random = randomFrom(3);
    const samples = Array.from({ length: draws }, random);

    expect(Math.min(...samples)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...samples)).toBeLessThan(1);
  });
});

describe('distributions have their moments', () => {
  test('normal', () => {
    const random = randomFrom(1);

    const { mean, variance } = momentsOf(() => drawNormal(random));

    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
  });

  test.each([0.3, 1, 4.5])('gamma of shape %d', (shape) => {
    const random = randomFrom(2);

    const { mean, variance } = momentsOf(() => drawGamma(random, shape));

    expect(Math.abs(mean / shape - 1)).toBeLessThan(0.05);
    expect(Math.abs(variance / shape - 1)).toBeLessThan(0.1);
  });

  test('beta', () => {
    const random = randomFrom(3);

    const { mean, variance } = momentsOf(() => drawBeta(random, 0.7, 4));

    expect(Math.abs(mean - 0.7)).toBeLessThan(0.01);
    expect(Math.abs(variance - (0.7 * 0.3) / 5)).toBeLessThan(0.002);
  });
});
