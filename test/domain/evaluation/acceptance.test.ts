import { describe, expect, test } from '@jest/globals';

import { verdictsOf, type Verdict } from '../../../domain/evaluation/acceptance.ts';
import type { StrategyResult } from '../../../domain/evaluation/evaluation.ts';
import type { Measured } from '../../../domain/evaluation/statistics.ts';
import { memberWith, scenarioWith } from './panels.ts';

function about(value: number): Measured {
  return { value, low: value - 0.02, high: value + 0.02 };
}

/** A default that is right in 80 % for 1,000 tokens; every field may be set. */
function result(fields: Partial<StrategyResult> = {}): StrategyResult {
  return {
    name: 'default vote',
    kind: 'default',
    accuracy: about(0.8),
    wrong: about(0.2),
    undecided: about(0),
    lured: about(0.1),
    tokens: about(1000),
    calibration: null,
    gain: about(0.1),
    regret: about(0),
    standing: 'on',
    ...fields,
  };
}

function verdicts(
  results: readonly StrategyResult[],
  { name = 'sample', isLiar = false } = {},
): readonly Verdict[] {
  const members = [memberWith(), memberWith({ fault: isLiar ? 'lying' : 'silent' })];
  const scenario = scenarioWith({ name, members });
  return verdictsOf({ scenario, panels: 100, honestAccuracy: 0.7, best: '', results });
}

describe('promises about the defaults', () => {
  test('ask for the front everywhere, and for no more', () => {
    expect(verdicts([result()])).toEqual([
      {
        promise: 'on the front',
        scenario: 'sample',
        strategy: 'default vote',
        isKept: true,
        because: '80.0 %; nothing is better for as much',
      },
    ]);
  });

  test('are not made for other strategies', () => {
    expect(verdicts([result({ kind: 'named' })])).toEqual([]);
  });

  test('name the best of what is better for as much, oracles left out', () => {
    const others = [
      result({ kind: 'named', name: 'good', accuracy: about(0.85) }),
      result({ kind: 'named', name: 'best', accuracy: about(0.9), tokens: about(900) }),
      result({ kind: 'named', name: 'dear', accuracy: about(0.95), tokens: about(2000) }),
      result({ kind: 'oracle', name: 'oracle', accuracy: about(1) }),
    ];

    const [front] = verdicts([result({ standing: 'off' }), ...others]);

    expect(front).toMatchObject({
      isKept: false,
      because: '80.0 %; "best" has 90.0 % for 900 tokens',
    });
  });

  test.each([
    [about(0.1), true],
    [about(0.01), false],
  ])('ask for a gain over majority on mixed panels: %j is %p', (gain, isKept) => {
    const [, beat] = verdicts([result({ gain })], { name: 'mixed' });

    expect(beat).toMatchObject({ promise: 'beats plain majority', isKept });
  });

  test.each([
    [about(0.69), true],
    [about(0.6), false],
  ])('ask to be no worse than an honest one alone where some lie: %j is %p', (accuracy, isKept) => {
    const [, hold] = verdicts([result({ accuracy })], { isLiar: true });

    expect(hold).toMatchObject({ promise: 'holds against liars', isKept });
    expect(hold?.because).toMatch(/an honest one alone 70\.0 %; the lie wins 10\.0 %; no rule/);
  });
});
