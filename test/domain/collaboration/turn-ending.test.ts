import { describe, expect, test } from '@jest/globals';

import { turnRef, type TurnFact } from '../../../domain/collaboration/fact.ts';
import { packEnding, unpackEnding } from '../../../domain/collaboration/turn-ending.ts';
import { unknownUsage } from '../../../domain/providers/usage.ts';
import { aCost, position } from '../../support/drive.ts';

const turn = turnRef('proposal', 2, 's3');

const cast = {
  type: 'position.submitted',
  ...turn,
  choice: { kind: 'single', option: 'o1' },
  confidence: 0.7,
  citing: null,
  ...aCost,
} as const satisfies TurnFact;

const facts: readonly TurnFact[] = [
  position(turn, 'o1'),
  {
    type: 'position.submitted',
    ...turn,
    choice: { kind: 'single', option: 'o1' },
    vetoes: ['o2'],
    confidence: null,
    citing: 'proposal-1-s1',
    ...aCost,
  },
  {
    type: 'position.submitted',
    ...turn,
    choice: { kind: 'rank', options: ['o2', 'o1'] },
    confidence: 0.7,
    citing: null,
    ...aCost,
    charged: { tokens: 700, microsUsd: 0 },
  },
  { type: 'critique.submitted', ...turn, ...aCost },
  { type: 'turn.abstained', ...turn, reason: 'silent', usage: unknownUsage, microsUsd: null },
  { type: 'turn.cancelled', ...turn, ...aCost, charged: { tokens: 700, microsUsd: 700 } },
  { type: 'turn.cancelled', ...turn, ...aCost, lost: { calls: 2, tokens: 700, microsUsd: 0 } },
  { type: 'turn.abstained', ...turn, reason: 'empty', ...aCost, reused: 7 },
  { type: 'turn.refused', ...turn, reason: 'budget' },
  { type: 'turn.refused', ...turn, reason: 'budget', lost: { calls: 1, tokens: 9, microsUsd: 9 } },
  { type: 'answers.grouped', ...turn, merges: { a1: 'a2' }, ...aCost },
  { type: 'judgement.given', ...turn, choice: { kind: 'single', option: 'o2' }, ...aCost },
  { type: 'synthesis.written', ...turn, ...aCost },
];

describe('the ending of a turn', () => {
  test.each(facts)('gives $type back as it was, through JSON', (fact) => {
    const ending = JSON.parse(JSON.stringify(packEnding(fact))) as ReturnType<typeof packEnding>;

    expect(unpackEnding(turn, ending)).toEqual(fact);
  });

  test('tells lost calls in three numbers', () => {
    const fact: TurnFact = { type: 'synthesis.written', ...turn, ...aCost };
    const lost = { calls: 1, tokens: 700, microsUsd: 70 };

    expect(packEnding({ ...fact, lost })).toEqual([...packEnding(fact), [1, 700, 70]]);
  });

  test('tells a position by its option, its confidence and what it cites', () => {
    expect(packEnding(cast)[2]).toEqual({ said: ['o1', 0.7] });
    expect(packEnding({ ...cast, citing: 'proposal-1-s1' })[2]).toEqual({
      said: ['o1', 0.7, 'proposal-1-s1'],
    });
  });

  test('is read from older histories, which have a position by its names', () => {
    const [type, cost] = packEnding(cast);
    const { choice, confidence, citing } = cast;
    const byNames = { choice, vetoes: ['o2'], confidence, citing };

    expect(unpackEnding(turn, [type, cost, byNames])).toEqual({ ...cast, vetoes: ['o2'] });
  });

  test('keeps unknown apart from nothing', () => {
    const unknown = { inputTokens: null, cachedTokens: 0, outputTokens: null };
    const fact: TurnFact = { type: 'synthesis.written', ...turn, usage: unknown, microsUsd: null };

    expect(packEnding(fact)).toEqual(['synthesis.written', [null, 0, null, null], {}]);
  });
});
