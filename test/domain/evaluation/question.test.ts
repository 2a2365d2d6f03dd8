import { describe, expect, test } from '@jest/globals';

import { drawQuestion, shuffled } from '../../../domain/evaluation/question.ts';
import { randomFrom } from '../../../domain/evaluation/random.ts';
import type { ConfidenceHabit } from '../../../domain/evaluation/scenario.ts';
import { memberWith, questionsOf, scenarioWith, shareOf } from './panels.ts';

const count = 4_000;

test('a question is the same for the same seed and number', () => {
  const scenario = scenarioWith();
  const plain = (seed: number, number: number): string =>
    JSON.stringify(drawQuestion(scenario, seed, number));

  expect(plain(1, 5)).toBe(plain(1, 5));
  expect(plain(1, 5)).not.toBe(plain(1, 6));
  expect(plain(1, 5)).not.toBe(plain(2, 5));
});

test('a member is right as often as its accuracy says', () => {
  const members = [0.5, 0.9].map((accuracy) => memberWith({ accuracy, model: String(accuracy) }));

  const questions = questionsOf(scenarioWith({ members }), count);

  for (const [index, { accuracy }] of members.entries()) {
    const right = shareOf(
      questions,
      ({ seated, truth }) => seated[index]?.view.ranking[0] === truth,
    );
    expect(Math.abs(right - accuracy)).toBeLessThan(0.025);
  }
});

test('a ranking names every option once', () => {
  for (const { seated, options } of questionsOf(scenarioWith(), 50)) {
    for (const { view } of seated) expect([...view.ranking].sort()).toEqual(options);
  }
});

test('wrong answers prefer the lure by the attraction', () => {
  const questions = questionsOf(scenarioWith({ attraction: 0.4 }), count);
  const wrong = questions.flatMap(({ seated, truth, lure }) =>
    seated
      .filter(({ view }) => view.ranking[0] !== truth)
      .map(({ view }) => view.ranking[0] === lure),
  );

  expect(Math.abs(shareOf(wrong, Boolean) - (0.4 + 0.6 / 3))).toBeLessThan(0.025);
});

describe('a member that is wrong', () => {
  const secondShare = (insight: number): number => {
    const questions = questionsOf(scenarioWith({ attraction: 0, insight }), count);
    const wrong = questions.flatMap(({ seated, truth }) =>
      seated
        .filter(({ view }) => view.ranking[0] !== truth)
        .map(({ view }) => view.ranking[1] === truth),
    );
    return shareOf(wrong, Boolean);
  };

  test('places the truth by lot without insight', () => {
    expect(Math.abs(secondShare(0) - 1 / 3)).toBeLessThan(0.03);
  });

  test('places it second the more often the more insight it has', () => {
    expect(secondShare(0.5)).toBeGreaterThan(secondShare(0) + 0.1);
    expect(secondShare(1)).toBeGreaterThan(secondShare(0.5));
  });
});

describe('confidence', () => {
  const gapOf = (confidence: ConfidenceHabit): number => {
    const members = [memberWith({ confidence })];
    const questions = questionsOf(scenarioWith({ members }), count);
    const gaps = questions.flatMap(({ seated, truth }) =>
      seated.map((one) => one.confidence - Number(one.view.ranking[0] === truth)),
    );
    return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  };

  test('of a calibrated member is its chance to be right', () => {
    expect(Math.abs(gapOf('calibrated'))).toBeLessThan(0.02);
  });

  test('is too high for an over-confident one, too low for an under-confident one', () => {
    expect(gapOf('over-confident')).toBeGreaterThan(0.1);
    expect(gapOf('under-confident')).toBeLessThan(-0.1);
  });

  test('of a boastful member is the same whatever its chance', () => {
    const members = [memberWith({ confidence: 'boastful' })];
    const stated = questionsOf(scenarioWith({ members }), 50).flatMap(({ seated }) => seated);

    expect(new Set(stated.map(({ confidence }) => confidence))).toEqual(new Set([0.95]));
    expect(new Set(stated.map(({ view }) => view.chance)).size).toBeGreaterThan(40);
  });

  test('of a calibrated member fits in every tenth', () => {
    const questions = questionsOf(scenarioWith(), count);
    const stated = questions.flatMap(({ seated, truth }) =>
      seated.map(({ confidence, view }) => ({ confidence, isRight: view.ranking[0] === truth })),
    );
    for (const from of [0.4, 0.6, 0.8]) {
      const bin = stated.filter(({ confidence }) => confidence >= from && confidence < from + 0.1);
      expect(Math.abs(shareOf(bin, ({ isRight }) => isRight) - (from + 0.05))).toBeLessThan(0.04);
    }
  });
});

describe('seats of one model', () => {
  const correlationOf = (correlation: number): number => {
    const members = [memberWith(), memberWith()];
    const pairs = questionsOf(scenarioWith({ members, correlation }), count).map(
      ({ seated, truth }) => seated.map(({ view }) => Number(view.ranking[0] === truth)),
    );
    const both = shareOf(pairs, ([one, other]) => one === 1 && other === 1);
    const each = shareOf(pairs.flat(), (hit) => hit === 1);
    return (both - each * each) / (each * (1 - each));
  };

  test.each([0, 0.5, 0.8])('are right together with correlation %d', (correlation) => {
    expect(Math.abs(correlationOf(correlation) - correlation)).toBeLessThan(0.04);
  });

  test('answer alike at correlation 1', () => {
    const members = [memberWith(), memberWith()];
    for (const { seated } of questionsOf(scenarioWith({ members, correlation: 1 }), 50)) {
      expect(seated[0]?.view).toEqual(seated[1]?.view);
    }
  });
});

test('shuffling keeps all items and follows its numbers', () => {
  const items = [1, 2, 3, 4, 5, 6];

  const once = shuffled(items, randomFrom(1));

  expect([...once].sort()).toEqual(items);
  expect(shuffled(items, randomFrom(1))).toEqual(once);
  expect(shuffled(items, randomFrom(2))).not.toEqual(once);
});
