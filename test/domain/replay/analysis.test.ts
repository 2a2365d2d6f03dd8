import { describe, expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import { compare } from '../../../domain/replay/comparison.ts';
import { momentOf } from '../../../domain/replay/moment.ts';
import { replay } from '../../../domain/replay/replay.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import { notPlanned, partsEnding, unanswered } from '../../support/analyses.ts';
import type { Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { analysed, sealed, type Wanted } from '../analysis/recorded-analysis.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { saying } from './asking.ts';
import { runOf } from './driven-run.ts';
import { askFork, fork } from './forked-run.ts';

const deadline: Fact = { type: 'deadline.passed' };
const refused: Panel = (turn) => ({ type: 'turn.refused', ...turn, reason: 'budget' });

describe('a replay of an analysis', () => {
  test.each<[string, Wanted]>([
    ['whole', {}],
    ['with a budget', { plan: { budget: { tokens: 3000, microsUsd: 3000 } } }],
    ['partial', { parts: partsEnding({ p1: notPlanned('p1') }) }],
    ['without what a part needs', { parts: (names) => names.map((name) => unanswered(name)) }],
    ['stopped', { interruptions: { 5: deadline } }],
    ['not cut', { panel: refused }],
  ])('comes to the same where it was %s', (_how, wanted) => {
    const { events, record } = sealed(wanted);

    expect(replay({ events, record, resolve: noLongTexts }, sha256)).toMatchObject({
      kind: 'equal',
    });
  });
});

describe('a what-if of an analysis', () => {
  test('is refused, for its parts answered it', () => {
    expect(whatIf(sealed().recorded, { rounds: 2 })).toEqual({
      kind: 'refused',
      faults: [
        {
          field: 'pattern',
          got: '"analysis"',
          expected:
            'a debate or a consensus: an analysis is answered by its parts, so ask its parts',
        },
      ],
    });
  });

  test('has nothing to compare', () => {
    expect(compare(sealed().recorded)).toEqual({ outcome: 'The whole answer.', rows: [] });
  });
});

describe('a fork', () => {
  test('of an analysis is refused', () => {
    expect(askFork(analysed().events, {})).toEqual({
      ok: false,
      faults: [
        {
          field: 'pattern',
          got: '"analysis"',
          expected: 'a debate or a consensus: of an analysis, fork its parts',
        },
      ],
    });
  });

  test('of a part is a run of its own', () => {
    const parent = { collaborationId: 'c_whole', part: 'p1' };
    const { events } = runOf(planWith({ parent }), saying({}));

    expect(fork(events).plan).not.toHaveProperty('parent');
  });
});

describe('a moment of an analysis', () => {
  test('shows how its parts stood', () => {
    const result = momentOf(analysed().events, { seq: 5 }, noLongTexts);

    expect(result).toMatchObject({
      ok: true,
      moment: {
        parts: [
          { part: 'p1', question: 'p1?', state: 'ended', answer: 'Answer of p1.' },
          { part: 'p2', state: 'running', answer: null },
          { part: 'p3', state: 'planned', after: ['p1', 'p2'] },
        ],
      },
    });
  });

  test('shows none before the question is cut', () => {
    const result = momentOf(analysed().events, { seq: 1 }, noLongTexts);

    expect(result).not.toHaveProperty('moment.parts');
  });
});
