import { describe, expect, test } from '@jest/globals';

import { answerKey } from '../../../domain/replies/answer-key.ts';
import { answerCharactersMax } from '../../../domain/replies/reply-limits.ts';
import { closed, open, read, replyOf, sha256, vote } from './contexts.ts';

describe('an open answer', () => {
  test('has the key of its normalised words', () => {
    const one = replyOf('vote', { answer: 'Use Postgres.' }, open);
    const other = replyOf('vote', { answer: ' use  POSTGRES' }, open);

    expect(one).toMatchObject({
      choice: { option: answerKey('use postgres', 'normalised', sha256) },
    });
    expect(other).toMatchObject({ choice: one.kind === 'position' ? one.choice : undefined });
  });

  test('has a key of its own for every wording where that was asked', () => {
    const exact = { ...open, grouping: 'exact' } as const;

    const one = replyOf('vote', { answer: 'Use Postgres.' }, exact);
    const other = replyOf('vote', { answer: 'use Postgres' }, exact);

    expect(one).not.toMatchObject({ choice: other.kind === 'position' ? other.choice : undefined });
  });

  test('must have words, and not too many', () => {
    const long = 'x'.repeat(answerCharactersMax + 1);

    expect(read('vote', { answer: ' ' }, open)).toMatchObject({ fault: 'invalid-answer' });
    expect(read('vote', { answer: long }, open)).toMatchObject({
      instruction: `answer: got ${answerCharactersMax + 1}, expected at most ${answerCharactersMax} characters`,
    });
  });

  test('gives a key of 13 characters', () => {
    expect(answerKey('x', 'model', sha256)).toMatch(/^a[0-9a-f]{12}$/);
    expect(answerKey('X', 'model', sha256)).toBe(answerKey('x', 'normalised', sha256));
    expect(answerKey('X', 'exact', sha256)).not.toBe(answerKey('x', 'exact', sha256));
  });
});

describe('approval', () => {
  const context = { ...closed, protocol: { kind: 'approval' } } as const;

  test('names every option once', () => {
    expect(replyOf('vote', { approved: ['Redis', 'SQLite', 'redis'] }, context)).toMatchObject({
      choice: { kind: 'approve', options: ['o3', 'o2'] },
      answer: 'Redis\nSQLite',
    });
    expect(replyOf('vote', { approved: 'Redis' }, context)).toMatchObject({
      choice: { kind: 'approve', options: ['o3'] },
    });
  });

  test.each([[[]], [undefined], [['MySQL']]])('of %p is a fault', (approved) => {
    expect(read('vote', { approved }, context)).toMatchObject({ fault: 'invalid-answer' });
  });
});

describe('ranking', () => {
  const context = { ...closed, protocol: { kind: 'ranked', method: 'schulze' } } as const;

  test('keeps its order', () => {
    expect(replyOf('vote', { ranking: ['Redis', 'Postgres'] }, context)).toMatchObject({
      choice: { kind: 'rank', options: ['o3', 'o1'] },
    });
  });

  test.each([[[]], [['Redis', 'Redis']], [['Redis', 'MySQL']]])('of %p is a fault', (ranking) => {
    expect(read('vote', { ranking }, context)).toMatchObject({ fault: 'invalid-answer' });
  });
});

describe('vetoes', () => {
  const context = { ...closed, protocol: { kind: 'quorum', required: 2, veto: true } } as const;

  test('exclude options, each once', () => {
    const reply = replyOf('vote', { ...vote, vetoes: ['Redis', 'redis'] }, context);

    expect(reply).toMatchObject({ vetoes: ['o3'] });
    expect(replyOf('vote', vote, context)).toMatchObject({ vetoes: [] });
  });

  test('of unknown options, or of the own answer, are a fault', () => {
    expect(read('vote', { ...vote, vetoes: ['MySQL'] }, context).ok).toBe(false);
    expect(read('vote', { ...vote, vetoes: ['Postgres'] }, context)).toMatchObject({
      instruction: 'vetoes: got "Postgres", expected no option that is also the answer',
    });
  });

  test('do not exist under other protocols', () => {
    expect(replyOf('vote', { ...vote, vetoes: ['Redis'] }, closed)).toMatchObject({ vetoes: [] });
  });
});
