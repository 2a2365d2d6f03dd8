import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { compareCodePoints } from '../../../domain/protocols/code-point-order.ts';
import { answerKey, applyGrouping, groupAnswers } from '../../../domain/protocols/grouping.ts';

const answersOf = (...answers: string[]): { seat: string; answer: string }[] =>
  answers.map((answer, index) => ({ seat: `seat-${index}`, answer }));

describe('answerKey', () => {
  test.each([
    ['Use  Postgres.', 'use postgres'],
    [' use\tpostgres\n', 'use postgres'],
    ['**Use Postgres**', 'use postgres'],
    ['"Use Postgres."', 'use postgres'],
    ['“Use Postgres”.', 'use postgres'],
    ['***_`Use Postgres`_***!!', 'use postgres'],
    ['«Use Postgres»', 'use postgres'],
    ['Ｕｓｅ　Ｐｏｓｔｇｒｅｓ…', 'use postgres'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['ὀδός', answerKey('ὈΔΌΣ', 'normalised')],
    ['Don’t', "don't"],
    ["'a' or 'b'", "'a' or 'b'"],
    ['_a_ and _b_', '_a_ and _b_'],
    ['C++', 'c++'],
    ['3.5', '3.5'],
    ['.NET', '.net'],
    ['?!', '?!'],
    ['""', '""'],
    ['   ', ''],
  ])('makes %j of %j when normalised', (answer, key) => {
    expect(answerKey(answer, 'normalised')).toBe(key);
  });

  test('keeps every character when exact', () => {
    expect(answerKey(' "A". ', 'exact')).toBe(' "A". ');
  });

  test('changes nothing the second time', () => {
    const mark = fc.constantFrom(
      '*',
      '**',
      '_',
      '"',
      '“',
      '”',
      '.',
      '!',
      ' ',
      'a',
      'B',
      'ß',
      'ﬁ',
      'İ',
    );
    const answer = fc.oneof(
      fc.array(mark, { maxLength: 12 }).map((marks) => marks.join('')),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
    );
    fc.assert(
      fc.property(answer, (text) => {
        const key = answerKey(text, 'normalised');

        expect(answerKey(key, 'normalised')).toBe(key);
      }),
      { numRuns: 500 },
    );
  });

  test('takes off every kind of mark, however nested', () => {
    const wrapped = '```**__~~*_`"\'«‹「『a』」›»\'"`_*~~__**```';

    expect(answerKey(wrapped, 'normalised')).toBe('a');
  });
});

describe('groupAnswers', () => {
  test('puts equal answers together under the most frequent wording', () => {
    const groups = groupAnswers(
      answersOf('Redis', 'postgres.', 'Postgres', '**redis**', 'Postgres', 'SQLite'),
      'normalised',
    );

    expect(groups).toEqual([
      { key: 'postgres', label: 'Postgres', members: ['seat-1', 'seat-2', 'seat-4'] },
      { key: 'redis', label: '**redis**', members: ['seat-0', 'seat-3'] },
      { key: 'sqlite', label: 'SQLite', members: ['seat-5'] },
    ]);
  });

  test('keeps different wordings apart when exact', () => {
    const groups = groupAnswers(answersOf('yes', 'Yes', 'yes'), 'exact');

    expect(groups).toEqual([
      { key: 'yes', label: 'yes', members: ['seat-0', 'seat-2'] },
      { key: 'Yes', label: 'Yes', members: ['seat-1'] },
    ]);
  });

  test('has no groups without answers', () => {
    expect(groupAnswers([], 'normalised')).toEqual([]);
  });

  test('does not depend on the order of answers and loses nobody', () => {
    const answers = fc
      .array(fc.constantFrom('yes', 'Yes', 'YES.', '"yes"', 'no', 'No', '\u{1F600}', '\uFFFD'), {
        maxLength: 8,
      })
      .map((texts) => answersOf(...texts));
    const both = answers.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(both, fc.constantFrom('exact', 'normalised'), ([list, shuffled], mode) => {
        const groups = groupAnswers(list, mode);

        expect(groupAnswers(shuffled, mode)).toEqual(groups);
        expect(groups.flatMap(({ members }) => members).sort()).toEqual(
          list.map(({ seat }) => seat).sort(),
        );
      }),
    );
  });
});

describe('applyGrouping', () => {
  const groups = groupAnswers(
    answersOf('cache', 'a cache', 'queue', 'cache', 'use caching'),
    'exact',
  );

  test('merges groups under the largest of them', () => {
    const result = applyGrouping(groups, [['use caching', 'a cache', 'cache']]);

    expect(result).toEqual({
      kind: 'grouped',
      groups: [
        { key: 'cache', label: 'cache', members: ['seat-0', 'seat-1', 'seat-3', 'seat-4'] },
        { key: 'queue', label: 'queue', members: ['seat-2'] },
      ],
    });
  });

  test('takes the smallest key of equal groups', () => {
    const result = applyGrouping(groups, [['use caching', 'a cache']]);

    expect(result).toMatchObject({
      groups: [
        { key: 'a cache', members: ['seat-1', 'seat-4'] },
        { key: 'cache' },
        { key: 'queue' },
      ],
    });
  });

  test('changes nothing without merges', () => {
    expect(applyGrouping(groups, [])).toEqual({ kind: 'grouped', groups });
  });

  test.each([
    [[['cache']], 'merge 1: got 1 keys, expected at least 2'],
    [[['cache', 'cash']], 'merge 1: got "cash", expected the key of a group'],
    [[['cache', 'cache']], 'merge 1: got "cache" again, expected each key once'],
    [
      [
        ['cache', 'a cache'],
        ['queue', 'cache'],
      ],
      'merge 2: got "cache" again, expected each key once',
    ],
  ])('rejects %j: %s', (merges, reason) => {
    expect(applyGrouping(groups, merges)).toEqual({ kind: 'rejected', reason });
  });
});

describe('compareCodePoints', () => {
  test('sorts characters beyond U+FFFF last', () => {
    const sorted = ['\u{1F600}', '\uFFFD', 'b', 'ab', 'a', '', 'a'].sort(compareCodePoints);

    expect(sorted).toEqual(['', 'a', 'a', 'ab', 'b', '\uFFFD', '\u{1F600}']);
  });
});
