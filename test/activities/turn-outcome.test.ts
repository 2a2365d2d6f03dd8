import { describe, expect, test } from '@jest/globals';

import { abstention, contentOfReply, factOfReply } from '../../activities/turn-outcome.ts';
import { turnRef, type Fact } from '../../domain/collaboration/fact.ts';
import type { ParsedReply, PositionReply } from '../../domain/replies/reply.ts';
import { aCost } from '../support/drive.ts';

const turn = turnRef('revision', 2, 's1');
const single = { kind: 'single', option: 'o1' } as const;
const approved = { kind: 'approve', options: ['o1', 'o2'] } as const;
const answers = [
  { key: 'o1', text: 'yes' },
  { key: 'o2', text: 'no' },
];
const said = { answers, answer: 'yes', rationale: 'It fits.' };
const critiques = [{ of: 'Participant B', text: 'Too dear.' }];
const position: PositionReply = {
  kind: 'position',
  choice: single,
  ...said,
  evidence: ['We run it already.'],
  critiques,
  confidence: 0.8,
  citing: 'proposal-1-s2',
  vetoes: [],
};

describe('the fact of a reply', () => {
  const cases: readonly (readonly [string, ParsedReply, object])[] = [
    [
      'a position',
      position,
      { type: 'position.submitted', choice: single, confidence: 0.8, citing: 'proposal-1-s2' },
    ],
    [
      'a position with vetoes',
      { ...position, vetoes: ['o2'] },
      {
        type: 'position.submitted',
        choice: single,
        confidence: 0.8,
        citing: 'proposal-1-s2',
        vetoes: ['o2'],
      },
    ],
    [
      'a nomination',
      { kind: 'nomination', choice: approved, ...said },
      { type: 'position.submitted', choice: approved, confidence: null, citing: null },
    ],
    ['a critique', { kind: 'critique', critiques }, { type: 'critique.submitted' }],
    [
      'a grouping',
      { kind: 'grouping', merges: { a2: 'a1' }, rationale: 'Both say yes.' },
      { type: 'answers.grouped', merges: { a2: 'a1' } },
    ],
    [
      'a judgement',
      { kind: 'judgement', choice: single, ...said },
      { type: 'judgement.given', choice: single },
    ],
    [
      'a synthesis',
      { kind: 'synthesis', answer: 'Yes, for now.', rationale: 'It fits.' },
      { type: 'synthesis.written' },
    ],
  ];

  test.each(cases)(
    'holds the keys of %s, its turn and its cost, and no word',
    (_what, reply, own) => {
      const fact: Fact = factOfReply(turn, reply, aCost);

      expect(fact).toEqual({ ...turn, ...aCost, ...own });
    },
  );

  test('that cannot be used names the reason', () => {
    const fact = abstention(turn, 'not-json', aCost);

    expect(fact).toEqual({ type: 'turn.abstained', ...turn, reason: 'not-json', ...aCost });
  });
});

describe('the words of a reply', () => {
  const nothing = { answer: '', rationale: '', evidence: [], critiques: [] };
  const cases: readonly (readonly [string, ParsedReply, object])[] = [
    [
      'a position on one answer',
      position,
      { answer: 'yes', rationale: 'It fits.', evidence: position.evidence, critiques },
    ],
    [
      'a list, each by its key',
      { ...position, choice: approved, critiques: [] },
      {
        answer: 'yes',
        rationale: 'It fits.',
        evidence: position.evidence,
        labels: { o1: 'yes', o2: 'no' },
      },
    ],
    ['a critique', { kind: 'critique', critiques }, { critiques }],
    ['a grouping', { kind: 'grouping', merges: {}, rationale: 'None.' }, { rationale: 'None.' }],
    [
      'a synthesis',
      { kind: 'synthesis', answer: 'Yes, for now.', rationale: '' },
      { answer: 'Yes, for now.' },
    ],
  ];

  test.each(cases)('are those of %s', (_what, reply, words) => {
    expect(contentOfReply(reply)).toEqual({ ...nothing, ...words });
  });
});
