import { expect, test } from '@jest/globals';

import { knownOptions, knownQuestion } from '../../../domain/evaluation/known-question.ts';

const questions = Array.from({ length: 500 }, (_, number) => knownQuestion(7, number));

test('questions have four different options, one of them named as true', () => {
  for (const { options, truth } of questions) {
    expect(new Set(options).size).toBe(knownOptions);
    expect(truth).toMatch(/^o[1-4]$/);
  }
});

test('what is named as true is true', () => {
  for (const { question, options, truth } of questions) {
    const numbers = (question.match(/\d+/g) ?? []).map(Number);
    const [one = 0, other = 0] = numbers;
    const given = options.map(Number);
    const right = question.includes('+')
      ? one + other
      : question.includes('×')
        ? one * other
        : question.includes('greatest')
          ? Math.max(...given)
          : question.includes('least')
            ? Math.min(...given)
            : Number(numbers.at(-1)) + other - one;
    expect(given[Number(truth.slice(1)) - 1]).toBe(right);
  }
});

test('the same seed asks the same, another one something else', () => {
  expect(knownQuestion(7, 3)).toEqual(knownQuestion(7, 3));
  expect(knownQuestion(8, 3)).not.toEqual(knownQuestion(7, 3));
});
