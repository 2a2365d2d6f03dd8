import { describe, expect, test } from '@jest/globals';

import { synthesisCharactersMax } from '../../../domain/replies/reply-limits.ts';
import { closed, open, read, replyOf } from './contexts.ts';

describe('a judgement', () => {
  test('chooses one of the answers', () => {
    expect(replyOf('judgement', { answer: 'redis', rationale: 'r' }, closed)).toMatchObject({
      kind: 'judgement',
      choice: { kind: 'single', option: 'o3' },
      rationale: 'r',
    });
  });

  test('of something else is a fault', () => {
    expect(read('judgement', { answer: 'MySQL' }, closed)).toMatchObject({ ok: false });
  });

  test('names a long or many-lined answer by its number', () => {
    const options = [
      { key: 'a1', text: 'short' },
      { key: 'a2', text: 'two\nlines' },
    ];

    expect(replyOf('judgement', { answer: 'Option 2' }, { ...closed, options })).toMatchObject({
      choice: { option: 'a2' },
      answer: 'two\nlines',
    });
  });
});

describe('a grouping', () => {
  const context = {
    ...open,
    answers: ['a1', 'a2', 'a3', 'a4'].map((key) => ({ key, text: `text of ${key}` })),
  };

  test('maps each merged answer to the first of its group', () => {
    const groups = [['Answer 3', 'answer 1'], ['Answer 2'], []];

    expect(replyOf('grouping', { groups, rationale: 'r' }, context)).toEqual({
      kind: 'grouping',
      merges: { a3: 'a1' },
      rationale: 'r',
    });
  });

  test.each([
    [undefined],
    ['Answer 1'],
    [[['Answer 9', 'Answer 1']]],
    [
      [
        ['Answer 1', 'Answer 2'],
        ['Answer 2', 'Answer 3'],
      ],
    ],
  ])('of %j is a fault', (groups) => {
    expect(read('grouping', { groups }, context)).toMatchObject({ fault: 'invalid-answer' });
  });

  test('takes an answer named twice in its group once', () => {
    expect(
      replyOf('grouping', { groups: [['Answer 1', 'Answer 1', 'Answer 4']] }, context),
    ).toMatchObject({ merges: { a4: 'a1' } });
  });

  test('of no answers at all knows none', () => {
    expect(read('grouping', { groups: [['Answer 1', 'Answer 2']] }, open).ok).toBe(false);
    expect(replyOf('grouping', { groups: [] }, open)).toMatchObject({ merges: {} });
  });
});

describe('a synthesis', () => {
  test('is an answer and its reasons', () => {
    expect(replyOf('synthesis', { answer: 'All in all …', rationale: 'r' }, open)).toEqual({
      kind: 'synthesis',
      answer: 'All in all …',
      rationale: 'r',
    });
  });

  test.each(['', 'x'.repeat(synthesisCharactersMax + 1), null])(
    'of no or too many words is a fault',
    (answer) => {
      expect(read('synthesis', { answer }, open)).toMatchObject({ fault: 'invalid-answer' });
    },
  );
});
