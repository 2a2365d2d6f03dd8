import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { turnRef, type TurnFact } from '../../../domain/collaboration/fact.ts';
import { withLostCalls, type LostTry } from '../../../domain/collaboration/lost-calls.ts';
import { packEnding, unpackEnding } from '../../../domain/collaboration/turn-ending.ts';
import { foldRun, openingFacts } from '../../../domain/machines.ts';
import { noUsage, totalTokens, unknownUsage } from '../../../domain/providers/usage.ts';
import { position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';

const turn = turnRef('proposal', 1, 's1');
const answered = position(turn, 'o1');
const refused: TurnFact = { type: 'turn.refused', ...turn, reason: 'budget' };
const unasked: TurnFact = { type: 'turn.cancelled', ...turn, usage: noUsage, microsUsd: 0 };
const tries: readonly LostTry[] = [
  { tokens: 700, microsUsd: 70 },
  { tokens: 900, microsUsd: 90 },
];

describe('calls that were lost', () => {
  test('stand beside the cost of the call that was answered', () => {
    const lost = { calls: 2, tokens: 1600, microsUsd: 160 };

    expect(withLostCalls(answered, tries, true)).toEqual({ ...answered, lost });
  });

  test('stand beside a refusal, which has no cost of its own', () => {
    const lost = { calls: 2, tokens: 1600, microsUsd: 160 };

    expect(withLostCalls(refused, tries, false)).toEqual({ ...refused, lost });
  });

  test('are the cost of a turn that ends without a call: the last one, and the others beside it', () => {
    expect(withLostCalls(unasked, tries, false)).toEqual({
      ...unasked,
      usage: unknownUsage,
      microsUsd: null,
      charged: { tokens: 900, microsUsd: 90 },
      lost: { calls: 1, tokens: 700, microsUsd: 70 },
    });
  });

  test('leave nothing beside a single one', () => {
    expect(withLostCalls(unasked, tries.slice(0, 1), false)).not.toHaveProperty('lost');
  });

  test.each([
    [answered, true],
    [refused, false],
    [unasked, false],
  ])('change nothing where there are none: %j', (fact, hasCall) => {
    expect(withLostCalls(fact, [], hasCall)).toBe(fact);
  });
});

const amount = fc.nat({ max: 1_000_000 });
const someTries = fc.array(fc.record({ tokens: amount, microsUsd: amount }), { maxLength: 4 });
const usage = fc.record({ inputTokens: amount, cachedTokens: amount, outputTokens: amount });

const aTurn = fc.record({
  end: fc.constantFrom('answered', 'refused', 'unasked'),
  usage,
  microsUsd: amount,
  tries: someTries,
});

describe('folding turns with lost calls', () => {
  test('counts every call once, with what is known of it or what was reserved, in any order', () => {
    fc.assert(
      fc.property(fc.array(aTurn, { maxLength: 6 }), fc.nat(), (turns, shift) => {
        const ends = turns.map((end, index) => {
          const own = turnRef('proposal', 1, `s${String(index)}`);
          const { usage, microsUsd } = end;
          const facts: Record<typeof end.end, TurnFact> = {
            answered: { type: 'critique.submitted', ...own, usage, microsUsd },
            refused: { ...refused, ...own },
            unasked: { ...unasked, ...own },
          };
          const fact = withLostCalls(facts[end.end], end.tries, end.end === 'answered');
          return unpackEnding(own, packEnding(fact));
        });
        const cut = turns.length === 0 ? 0 : shift % turns.length;

        const { spent } = foldRun([
          ...openingFacts(planWith()),
          ...ends.slice(cut),
          ...ends.slice(0, cut),
        ]);

        const lost = turns.flatMap((end) => end.tries);
        const answers = turns.filter(({ end }) => end === 'answered');
        const free = turns.filter((end) => end.end === 'unasked' && end.tries.length === 0);
        expect(spent).toMatchObject({
          tokens:
            sum(lost.map(({ tokens }) => tokens)) +
            sum(answers.map((end) => totalTokens(end.usage) ?? 0)),
          microsUsd: sum([...lost, ...answers].map(({ microsUsd }) => microsUsd)),
          calls: lost.length + answers.length + free.length,
          unknownCalls: lost.length,
        });
        expect(spent.usage.inputTokens === null).toBe(lost.length > 0);
      }),
    );
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
