import { describe, expect, test } from '@jest/globals';

import { drawRecords } from '../../../domain/evaluation/records.ts';
import {
  logOddsWeight,
  memberNamed,
  rosterOf,
  weighedByRecord,
  weighedByTruth,
} from '../../../domain/evaluation/roster.ts';
import { faultsTolerated, kindAt } from '../../../domain/evaluation/scenario.ts';
import { scenarioNamed, scenarios } from '../../../domain/evaluation/scenarios.ts';
import { strategies } from '../../../domain/evaluation/strategies.ts';
import { majority, planOf } from '../../../domain/evaluation/strategy.ts';
import { protocolKinds } from '../../../domain/protocols/protocol.ts';
import { memberWith, scenarioWith } from './panels.ts';

describe('strategies', () => {
  test('have names of their own, plain majority among them', () => {
    const names = strategies.map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain(majority);
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    'are planned for %s',
    (_, named) => {
      const scenario = kindAt(named, 1, 0);
      for (const strategy of strategies) {
        const plan = planOf(strategy, rosterOf(scenario, 0));
        expect(plan.optionKeys).toHaveLength(scenario.options);
      }
    },
  );

  test('cover every protocol, and debates of 1 to 3 rounds', () => {
    const plans = strategies.map((one) => planOf(one, rosterOf(scenarioWith(), 0)));

    expect(new Set(plans.map(({ protocol }) => protocol.kind))).toEqual(new Set(protocolKinds));
    const debates = plans.filter(({ pattern }) => pattern === 'debate');
    expect(new Set(debates.map(({ rounds }) => rounds))).toEqual(new Set([1, 2, 3]));
  });

  test('that the planner refuses are told with its faults', () => {
    const refused = {
      name: 'nobody',
      kind: 'named',
      request: () => ({ pattern: 'consensus', participants: ['nobody'] }) as const,
    } as const;

    expect(() => planOf(refused, rosterOf(scenarioWith(), 0))).toThrow(
      /strategy "nobody": .*nobody/,
    );
  });

  test('by record take the best', () => {
    const members = [0.5, 0.9, 0.7].map((record) => memberWith({ record, model: String(record) }));
    const scenario = scenarioWith({ members, trials: 1000 });
    const roster = rosterOf(scenario, 0, drawRecords(scenario, 1, 0));
    const [strategy] = strategies.filter(({ name }) => name === 'one agent, best record');

    expect(strategy && planOf(strategy, roster).seats.map(({ agent }) => agent)).toEqual(['a2']);
  });
});

describe('a roster', () => {
  test('begins with another member each turn, under the same name', () => {
    const members = [0.5, 0.6, 0.7].map((accuracy) => memberWith({ accuracy }));

    const { entries } = rosterOf(scenarioWith({ members }), 4);

    expect(entries.map(({ name, member }) => [name, member.accuracy])).toEqual([
      ['a2', 0.6],
      ['a3', 0.7],
      ['a1', 0.5],
    ]);
  });

  test('knows its members by name, and nobody else', () => {
    expect(memberNamed(['x', 'y'], 'a2')).toBe('y');
    expect(() => memberNamed(['x', 'y'], 'a3')).toThrow(
      'agent: got a3, expected one of the roster',
    );
  });
});

describe('weights', () => {
  test('are log-odds against the even chance of the wrong options', () => {
    expect(logOddsWeight(0.8, 2)).toBeCloseTo(Math.log(4), 5);
    expect(logOddsWeight(0.7, 4)).toBeCloseTo(Math.log(7), 5);
  });

  test('are never nothing, not even at chance level or below', () => {
    expect(logOddsWeight(0.25, 4)).toBe(0.01);
    expect(logOddsWeight(0.01, 4)).toBe(0.01);
  });

  test('by truth discount same-model seats by their correlation', () => {
    const members = [memberWith(), memberWith(), memberWith(), memberWith({ model: 'm2' })];
    const weights = (correlation: number) =>
      weighedByTruth(rosterOf(scenarioWith({ members, correlation }), 0)).map(
        ({ weight }) => weight / logOddsWeight(0.7, 4),
      );

    expect(weights(1)).toEqual([1 / 3, 1 / 3, 1 / 3, 1].map((share) => expect.closeTo(share, 9)));
    expect(weights(0.5)[0]).toBeCloseTo(1 / 2, 9);
    expect(weights(0)).toEqual([1, 1, 1, 1]);
  });

  test('by record are those that the planner gives', () => {
    const members = [0.6, 0.8, 0.8, 0.5, 0.7].map((record, index) =>
      memberWith({ record, model: index < 3 ? 'alike' : `m${String(index)}` }),
    );
    const scenario = scenarioWith({ members, trials: 40 });
    const roster = rosterOf(scenario, 0, drawRecords(scenario, 1, 0));
    const [strategy] = strategies.filter(({ name }) => name === 'vote, by record');
    const { seats } = strategy ? planOf(strategy, roster) : { seats: [] };

    expect(weighedByRecord(roster)).toEqual(seats.map(({ agent, weight }) => ({ agent, weight })));
    expect(weighedByRecord(roster)).not.toEqual(weighedByRecord(rosterOf(scenario, 0)));
  });
});

test.each([
  [0, 0],
  [3, 0],
  [4, 1],
  [7, 2],
  [9, 2],
])('%d members tolerate %d faulty ones', (members, faults) => {
  expect(faultsTolerated(members)).toBe(faults);
});

test('a scenario is found by its name, and nothing by another', () => {
  expect(scenarioNamed('mixed').name).toBe('mixed');
  expect(() => scenarioNamed('nobody')).toThrow('scenario: got nobody, expected a known one');
});

test('scenarios have names of their own and accuracies above chance', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  for (const { members, options } of scenarios) {
    for (const { accuracy, record } of members) {
      expect(accuracy).toBeGreaterThan(1 / options);
      expect(record).toBeGreaterThan(1 / options);
      expect(Math.max(accuracy, record)).toBeLessThan(1);
    }
  }
});
