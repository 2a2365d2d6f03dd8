import { expect, test } from '@jest/globals';

import { hitsOf } from '../../../domain/calibration/track-record.ts';
import { drawRecords } from '../../../domain/evaluation/records.ts';
import { memberWith, scenarioWith } from './panels.ts';

const members = [
  memberWith({ model: 'm1', record: 0.8 }),
  memberWith({ model: 'm1', record: 0.8 }),
  memberWith({ model: 'm2', record: 0.5 }),
];

test('records have as many trials of each model as the scenario says, right as often', () => {
  const records = drawRecords(scenarioWith({ members, trials: 4000 }), 3, 0);

  const hits = records.map(({ counts }) => hitsOf(counts));

  expect(records.map(({ model }) => model)).toEqual(['m1', 'm2']);
  expect(hits.map(({ right, wrong }) => right + wrong)).toEqual([4000, 4000]);
  expect(hits.map(({ right }) => right / 4000)).toEqual([
    expect.closeTo(0.8, 1),
    expect.closeTo(0.5, 1),
  ]);
});

test('records differ from question to question, and are the same for the same seed', () => {
  const scenario = scenarioWith({ members, trials: 40 });

  expect(drawRecords(scenario, 3, 0)).toEqual(drawRecords(scenario, 3, 0));
  expect(drawRecords(scenario, 3, 0)).not.toEqual(drawRecords(scenario, 3, 1));
});

test('a house without trials has no records', () => {
  expect(drawRecords(scenarioWith({ members, trials: 0 }), 3, 0)).toEqual([]);
});
