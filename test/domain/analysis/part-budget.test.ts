import { describe, expect, test } from '@jest/globals';

import { analysis } from '../../../domain/analysis/analysis.ts';
import type { FactOf } from '../../../domain/collaboration/fact.ts';
import { planWithout } from '../../../domain/collaboration/plan.ts';
import {
  analysisPlan,
  answered,
  chair,
  notPlanned,
  partsEnding,
  runAnalysis,
} from '../../support/analyses.ts';
import { drive, type Driven } from '../../support/drive.ts';

function budgetsOf({ facts }: Driven): (number | null)[] {
  return facts
    .filter((fact): fact is FactOf<'part.opened'> => fact.type === 'part.opened')
    .map(({ budget }) => budget.tokens);
}

describe('the budget of a part', () => {
  test('is its share of what is left beside the synthesis, also of what earlier parts left', () => {
    const driven = runAnalysis({ plan: { budget: { tokens: 3000, microsUsd: null } } });

    // 3,000 - 150 for the cut - 300 held back, by three; then 3,000 - 150 - 600 - 300 for the last.
    expect(budgetsOf(driven)).toEqual([850, 850, 1950]);
  });

  test('is a share of all that is left where nothing is held back', () => {
    const plan = planWithout(
      analysisPlan({ budget: { tokens: 3000, microsUsd: null } }),
      'cutting',
    );

    expect(budgetsOf(drive(analysis, plan, chair(), { parts: partsEnding() }))).toEqual([
      950, 950, 2250,
    ]);
  });

  test('has no limit where the analysis has none', () => {
    expect(budgetsOf(runAnalysis())).toEqual([null, null, null]);
  });

  test('is nothing where nothing is left', () => {
    const parts = partsEnding({ p1: notPlanned('p1'), p2: notPlanned('p2') });
    const driven = runAnalysis({ plan: { budget: { tokens: 400, microsUsd: null } }, parts });

    expect(budgetsOf(driven)).toEqual([0, 0]);
  });

  test('counts parts that were opened before there was a limit as if they needed none', () => {
    const { state } = runAnalysis({
      parts: (running) =>
        running.slice(0, 1).flatMap((name) => (name === 'p1' ? [answered(name)] : [])),
    });
    const limited = analysis.evolve(state, {
      type: 'budget.raised',
      by: 'ann',
      budget: { tokens: 3000, microsUsd: null },
    });
    const last = analysis.evolve(limited, notPlanned('p2'));

    expect(analysis.next(last)).toMatchObject({
      facts: [{ type: 'part.opened', part: 'p3', budget: { tokens: 2250, microsUsd: null } }],
    });
  });
});
