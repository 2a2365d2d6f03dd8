import { expect, test } from '@jest/globals';

import { drawnScenario } from '../../../domain/evaluation/drawn-scenario.ts';
import { rosterOf } from '../../../domain/evaluation/roster.ts';
import { faultsTolerated, memberFaults } from '../../../domain/evaluation/scenario.ts';
import { strategies } from '../../../domain/evaluation/strategies.ts';
import { planOf } from '../../../domain/evaluation/strategy.ts';

const kinds = Array.from({ length: 200 }, (_, number) => drawnScenario(3, number));

test('a drawn kind of panel is the same for the same seed and number', () => {
  expect(drawnScenario(3, 5)).toEqual(kinds[5]);
  expect(drawnScenario(3, 5)).not.toEqual(kinds[6]);
  expect(drawnScenario(4, 5)).not.toEqual(kinds[5]);
});

test('it keeps within its bounds, and faults within f of n = 3f + 1', () => {
  for (const { members, options } of kinds) {
    expect(members.length).toBeGreaterThanOrEqual(4);
    expect(members.length).toBeLessThanOrEqual(9);
    expect(options).toBeGreaterThanOrEqual(2);
    expect(options).toBeLessThanOrEqual(6);
    for (const { accuracy } of members) {
      expect(accuracy).toBeGreaterThan(1 / options);
      expect(accuracy).toBeLessThan(0.92);
    }
    const faulty = members.filter(({ fault }) => fault !== null);
    expect(faulty.length).toBeLessThanOrEqual(faultsTolerated(members.length));
  }
});

test('every fault is drawn, and seats of one model', () => {
  const faults = kinds.flatMap(({ members }) => members.map(({ fault }) => fault));
  const alike = kinds.filter(
    ({ members }) => new Set(members.map(({ model }) => model)).size < members.length,
  );

  expect(new Set(faults)).toEqual(new Set([null, ...memberFaults]));
  expect(alike.length).toBeGreaterThan(50);
});

test('every strategy can be planned for it', () => {
  for (const kind of kinds.slice(0, 30)) {
    for (const strategy of strategies) {
      expect(planOf(strategy, rosterOf(kind, 1)).optionKeys).toHaveLength(kind.options);
    }
  }
});
