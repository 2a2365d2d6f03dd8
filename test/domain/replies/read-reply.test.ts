import { describe, expect, test } from '@jest/globals';

import { answerKey } from '../../../domain/replies/answer-key.ts';
import { cutMark } from '../../../domain/replies/clean-text.ts';
import {
  evidenceMax,
  nominationsMax,
  rationaleCharactersMax,
} from '../../../domain/replies/reply-limits.ts';
import { closed, later, open, read, replyOf, sha256, vote } from './contexts.ts';

describe('a good vote', () => {
  test('is a position with the option’s key and its words', () => {
    expect(replyOf('vote', vote, closed)).toEqual({
      kind: 'position',
      choice: { kind: 'single', option: 'o1' },
      answers: [{ key: 'o1', text: 'Postgres' }],
      answer: 'Postgres',
      rationale: 'It fits.',
      evidence: ['We run it already.'],
      critiques: [],
      confidence: 0.8,
      citing: null,
      vetoes: [],
    });
  });

  test.each([
    ['a code fence', '```json\n{}\n```'],
    ['prose around it', 'Here is {my} answer:\n{}\nI hope {this} helps.'],
  ])('is read out of %s', (_where, frame) => {
    const text = frame.replace('{}', JSON.stringify(vote));

    expect(read('vote', text, closed)).toMatchObject({ ok: true, reply: { answer: 'Postgres' } });
  });

  test.each(['postgres', ' "Postgres." ', '**POSTGRES**'])(
    'names its option in other clothes: %j',
    (answer) => {
      expect(replyOf('vote', { ...vote, answer }, closed)).toMatchObject({ answer: 'Postgres' });
    },
  );

  test('tells apart options that differ in nothing but clothes, by their exact words', () => {
    const options = [
      { key: 'o1', text: 'yes' },
      { key: 'o2', text: 'Yes' },
    ];

    const exact = read('vote', { ...vote, answer: 'Yes' }, { ...closed, options });
    const vague = read('vote', { ...vote, answer: 'YES' }, { ...closed, options });

    expect(exact).toMatchObject({ ok: true, reply: { choice: { option: 'o2' } } });
    expect(vague).toMatchObject({ ok: false, fault: 'invalid-answer' });
  });

  test('takes numbers and truth values for options that are written like them', () => {
    const options = [
      { key: 'o1', text: '42' },
      { key: 'o2', text: 'true' },
    ];

    expect(replyOf('vote', { ...vote, answer: 42 }, { ...closed, options })).toMatchObject({
      answer: '42',
    });
    expect(replyOf('vote', { ...vote, answer: true }, { ...closed, options })).toMatchObject({
      answer: 'true',
    });
  });

  test('does without what harms nobody when it is missing', () => {
    expect(replyOf('vote', { answer: 'Redis' }, closed)).toMatchObject({
      rationale: '',
      evidence: [],
      confidence: null,
    });
  });

  test('is cut where it is too long, and says so', () => {
    const long = 'x'.repeat(rationaleCharactersMax + 1);
    const evidence = Array.from({ length: evidenceMax + 3 }, (_point, index) => `point ${index}`);

    const reply = replyOf('vote', { ...vote, rationale: long, evidence }, closed);

    expect(reply).toMatchObject({
      rationale: 'x'.repeat(rationaleCharactersMax - cutMark.length) + cutMark,
    });
    expect(reply.kind === 'position' && reply.evidence).toHaveLength(evidenceMax);
  });

  test('takes one point of evidence for a list of one, and drops what is none', () => {
    expect(replyOf('vote', { ...vote, evidence: 'alone' }, closed)).toMatchObject({
      evidence: ['alone'],
    });
    expect(replyOf('vote', { ...vote, evidence: ['a', {}, null, ''] }, closed)).toMatchObject({
      evidence: ['a'],
    });
  });

  test('is free of what cannot be stored', () => {
    const reply = replyOf('vote', { ...vote, rationale: 'a\u0000b\ud800c\udfff😀' }, closed);

    expect(reply).toMatchObject({ rationale: 'ab\ufffdc\ufffd😀' });
  });
});

describe('confidence', () => {
  test.each([
    [0, 0],
    [1, 1],
    ['0.8', 0.8],
    ['80 %', 0.8],
    ['100%', 1],
    [null, null],
  ])('%p is read as %p', (confidence, expected) => {
    expect(replyOf('vote', { ...vote, confidence }, closed)).toMatchObject({
      confidence: expected,
    });
  });

  test.each([
    [305_289_716, '305289716'],
    [-0.1, '-0.1'],
    [80, '80'],
    ['80', '"80"'],
    ['200%', '"200%"'],
    ['high', '"high"'],
    [[], 'an empty list'],
    [[0.5], 'a list'],
    [{}, 'an object'],
    [true, 'true'],
  ])('%p is a fault that names it', (confidence, got) => {
    expect(read('vote', { ...vote, confidence }, closed)).toEqual({
      ok: false,
      fault: 'invalid-confidence',
      instruction: `confidence: got ${got}, expected a number from 0 to 1`,
      isRepairable: true,
    });
  });
});

describe('a reply that is not what was asked', () => {
  test.each([
    ['', 'stop', 'empty'],
    [' \n', 'stop', 'empty'],
    ['', 'length', 'cut-off'],
    ['Well, it depends.', 'stop', 'not-json'],
    ['[1, 2]', 'stop', 'not-json'],
    ['"Postgres"', 'stop', 'not-json'],
    ['{ not json }', 'stop', 'not-json'],
    ['{"answer": "Post', 'stop', 'not-json'],
    ['{"answer": "Post', 'length', 'cut-off'],
    ['{"answer":"Redis"} {"answer":"SQLite"}', 'stop', 'not-json'],
    ['{"answer":"Redis"} {"answer":', 'stop', 'not-json'],
    ['I cannot help with that.', 'refusal', 'refusal'],
    ['{"answer":"Redis"}', 'refusal', 'refusal'],
  ] as const)('%j that ended as %s is %s', (text, finish, fault) => {
    const result = read('vote', text, closed, finish);

    expect(result).toMatchObject({ ok: false, fault, isRepairable: true });
    expect(result.ok ? '' : result.instruction).toMatch(/expected/);
  });

  test('is taken although it was cut off when its object is whole', () => {
    expect(read('vote', JSON.stringify(vote), closed, 'length').ok).toBe(true);
    expect(read('vote', JSON.stringify(vote), closed, 'other').ok).toBe(true);
  });

  test('is read in bounded time however many braces it has', () => {
    expect(read('vote', '{}'.repeat(100), closed)).toMatchObject({ fault: 'not-json' });
    expect(read('vote', '{'.repeat(100_000), closed)).toMatchObject({ fault: 'not-json' });
  });

  test('names the options when it names none of them', () => {
    expect(read('vote', { ...vote, answer: 'MySQL' }, closed)).toMatchObject({
      fault: 'invalid-answer',
      instruction: 'answer: got "MySQL", expected one of "Postgres", "SQLite", "Redis"',
    });
    expect(read('vote', { ...vote, answer: undefined }, closed)).toMatchObject({
      instruction: 'answer: got nothing, expected one of "Postgres", "SQLite", "Redis"',
    });
  });

  test('names a few of many options', () => {
    const options = Array.from({ length: 20 }, (_option, index) => ({
      key: `o${index}`,
      text: `option ${index}`,
    }));

    const result = read('vote', { ...vote, answer: '?' }, { ...closed, options });

    expect(result.ok ? '' : result.instruction).toMatch(/"option 11" and 8 more$/);
  });

  test('does not find fields that every object has', () => {
    const options = [{ key: 'o1', text: 'x' }];

    expect(read('vote', '{"__proto__": {"answer": "x"}}', { ...closed, options })).toMatchObject({
      fault: 'invalid-answer',
    });
  });
});

describe('declining', () => {
  test.each([true, 'true', 'TRUE'])('with abstain: %p is not repaired', (abstain) => {
    expect(read('vote', { ...vote, abstain }, closed)).toMatchObject({
      fault: 'declined',
      isRepairable: false,
    });
  });

  test.each(['grouping', 'synthesis'] as const)('is not possible for a %s', (task) => {
    const fields = { abstain: true, groups: [], answer: 'all of it' };

    expect(read(task, fields, { ...open, answers: [] }).ok).toBe(true);
  });
});

describe('a revision', () => {
  test.each(['Participant B', 'participant b', 'B'])(
    'that changes the answer cites an argument, here as %j',
    (citing) => {
      expect(replyOf('revision', { ...vote, answer: 'Redis', citing }, later)).toMatchObject({
        citing: 'proposal-1-s1',
      });
    },
  );

  test.each([undefined, null, 'none', 'Participant A', 'Participant Z', ''])(
    'that changes the answer and cites %p is a fault',
    (citing) => {
      const result = read('revision', { ...vote, answer: 'Redis', citing }, later);

      expect(result).toMatchObject({ fault: 'flip-without-citation', isRepairable: true });
      expect(result.ok ? '' : result.instruction).toContain(
        'expected one of "Participant B", "Participant C", or the earlier answer word for word',
      );
    },
  );

  test('cannot change where nobody else has argued', () => {
    const alone = { ...later, arguments: [] };

    const result = read('revision', { ...vote, answer: 'Redis' }, alone);

    expect(result.ok ? '' : result.instruction).toBe(
      'citing: got "none", expected the earlier answer word for word instead of "Redis"',
    );
  });

  test('that keeps the answer cites nobody', () => {
    expect(replyOf('revision', { ...vote, citing: 'Participant B' }, later)).toMatchObject({
      citing: null,
    });
  });

  test('that moves between answers that were merged is no flip', () => {
    const merged = { ...later, merges: { o3: 'o1' } };

    expect(replyOf('revision', { ...vote, answer: 'Redis' }, merged)).toMatchObject({
      citing: null,
    });
  });

  test('keeps critiques of others, and drops those of itself, of nobody and without words', () => {
    const critiques = [
      { of: 'participant c', text: 'too slow' },
      { of: 'Participant A', text: 'mine' },
      { of: 'Participant Z', text: 'who?' },
      { of: 'Participant B', text: '' },
      'nonsense',
      null,
    ];

    expect(replyOf('revision', { ...vote, critiques }, later)).toMatchObject({
      critiques: [{ of: 'Participant C', text: 'too slow' }],
    });
    expect(replyOf('revision', { ...vote, critiques: 'none' }, later)).toMatchObject({
      critiques: [],
    });
  });
});

describe('a critique', () => {
  test('is a list of critiques', () => {
    const critiques = [{ of: 'Participant B', text: 'too dear' }];

    expect(replyOf('critique', { critiques }, later)).toEqual({ kind: 'critique', critiques });
  });

  test('of nobody is a fault', () => {
    expect(read('critique', { critiques: [] }, later)).toMatchObject({
      fault: 'invalid-answer',
      instruction: expect.stringContaining('"Participant B", "Participant C"') as unknown,
    });
  });
});

describe('a nomination', () => {
  test('approves of what it names, each once, up to the most', () => {
    const options = ['One', 'one', ...Array.from({ length: 9 }, (_x, index) => `more ${index}`)];

    const reply = replyOf('nomination', { options, rationale: 'r' }, open);

    expect(reply).toMatchObject({
      kind: 'nomination',
      rationale: 'r',
      choice: { kind: 'approve' },
    });
    expect(reply.kind === 'nomination' && reply.answers).toHaveLength(nominationsMax);
    expect(reply.kind === 'nomination' && reply.answers[0]).toEqual({
      key: answerKey('one', 'normalised', sha256),
      text: 'One',
    });
  });

  test.each([[[]], [['two\nlines']], [['x'.repeat(201)]]])('of %p is a fault', (options) => {
    expect(read('nomination', { options }, open)).toMatchObject({ fault: 'invalid-answer' });
  });
});
