import { describe, expect, test } from '@jest/globals';

import type { Cost } from '../../../domain/collaboration/decision.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import { buildDecision } from '../../../domain/ledger/record.ts';
import {
  chained,
  decided,
  noLongTexts,
  opened,
  plan,
  position,
  price,
  roundClosed,
  roundOpened,
  said,
  single,
  type Happening,
} from './sample-run.ts';

function costAfter(happenings: readonly Happening[]): Cost {
  return buildDecision({ events: chained(happenings), resolve: noLongTexts }).cost;
}

describe('the cost of a run', () => {
  test('is exact when every call is known, paid or not used', () => {
    const cost = costAfter([
      opened(plan()),
      roundOpened(1, 'proposal'),
      position(turnRef('proposal', 1, 's1'), single('o1'), said('Postgres')),
      {
        fact: {
          type: 'turn.abstained',
          ...turnRef('proposal', 1, 's2'),
          ...price,
          reason: 'empty',
        },
      },
      { fact: { type: 'turn.cancelled', ...turnRef('proposal', 1, 's3'), ...price } },
      { fact: { type: 'turn.refused', ...turnRef('revision', 2, 's1'), reason: 'budget' } },
      roundClosed(1, 'proposal'),
      decided('o1'),
    ]);

    expect(cost).toEqual({
      inputTokens: 300,
      cachedTokens: 120,
      outputTokens: 60,
      usd: 0.0045,
      calls: 3,
      unknownCalls: 0,
    });
  });

  test('is unknown in money alone where only the price is missing', () => {
    const cost = costAfter([
      opened(plan()),
      {
        fact: {
          type: 'critique.submitted',
          ...turnRef('critique', 1, 's1'),
          usage: price.usage,
          microsUsd: null,
        },
      },
      decided('o1'),
    ]);

    expect(cost).toMatchObject({ inputTokens: 100, usd: null, calls: 1, unknownCalls: 1 });
  });

  test('is unknown where calls were lost, each of which counts, also before a refusal', () => {
    const lost = (calls: number) => ({ lost: { calls, tokens: 700, microsUsd: 70 } });
    const answered = turnRef('critique', 1, 's1');
    const refused = turnRef('critique', 1, 's2');
    const cost = costAfter([
      opened(plan()),
      { fact: { type: 'critique.submitted', ...answered, ...price, ...lost(2) } },
      { fact: { type: 'turn.refused', ...refused, reason: 'budget', ...lost(1) } },
      decided('o1'),
    ]);

    expect(cost).toEqual({
      inputTokens: null,
      cachedTokens: null,
      outputTokens: null,
      usd: null,
      calls: 4,
      unknownCalls: 3,
    });
  });

  test('counts a turn once that the ledger tells twice', () => {
    const turn = position(turnRef('proposal', 1, 's1'), single('o1'), said('Postgres'));

    expect(costAfter([opened(plan()), turn, turn, decided('o1')]).calls).toBe(1);
  });
});
