import { describe, expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import { forgottenIn, resumptionOf } from '../../../domain/ledger/resumption.ts';
import type { ReadEvent } from '../../../domain/ledger/resumption.ts';
import { foldRun, openingFacts } from '../../../domain/machines.ts';
import { noUsage } from '../../../domain/providers/usage.ts';
import { planWith } from '../../support/plans.ts';

const paused: Fact = { type: 'collaboration.paused', by: 'ann' };
const closed: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'closed' };
const opened: Fact = {
  type: 'round.opened',
  round: 2,
  phase: 'revision',
  seats: ['s1'],
  directives: { context: 'full', isLast: false },
};
const ended = (turn: string): Fact => ({
  type: 'turn.cancelled',
  turn,
  task: 'proposal',
  round: 1,
  seat: 's1',
  usage: noUsage,
  microsUsd: 0,
});

const [first, second] = openingFacts(planWith());
const named: readonly (readonly [string, Fact | undefined])[] = [
  ['opened', first],
  ['opened-1', second],
  ['proposal-1-s1', ended('proposal-1-s1')],
  ['update-x', paused],
  ['step-0-0', closed],
  ['step-0-1', opened],
  ['revision-2-s1', ended('revision-2-s1')],
];
const events = named.map(([id, fact]): ReadEvent => {
  if (fact === undefined) throw new Error('a run opens with two facts');
  return eventOf(fact, { id: `c_1/${id}`, source: '', subject: '', time: '' });
});
const seal: ReadEvent = {
  id: 'c_1/sealed',
  type: 'conclave.decision.sealed.v1',
  data: {},
  time: '',
};

describe('where a run stands by its ledger', () => {
  test('is the fold of its facts, with its own facts and its steps counted', () => {
    const { state, ...counts } = resumptionOf([...events, seal], ['proposal-1-s2']);

    expect(state).toEqual(foldRun(named.flatMap(([, fact]) => fact ?? [])));
    expect(counts).toEqual({ known: 5, decidedSteps: 1, outstanding: ['proposal-1-s2'] });
  });

  test('is before the first step where none was decided', () => {
    expect(resumptionOf(events.slice(0, 2), []).decidedSteps).toBe(0);
  });
});

describe('what a workflow has forgotten', () => {
  test('is what follows what it knows, with the turns of the pass that it knows last', () => {
    const forgotten = forgottenIn(events, 2);

    expect(forgotten.facts.map((fact) => fact.type)).toEqual([
      'turn.cancelled',
      'collaboration.paused',
      'round.closed',
      'round.opened',
      'turn.cancelled',
    ]);
    expect(forgotten.decidedSteps).toBe(1);
  });

  test('names the events among it that nobody but people and the clock caused', () => {
    expect(forgottenIn(events, 2).caused).toEqual(['c_1/update-x']);
    expect(forgottenIn(events, 3).caused).toEqual([]);
  });

  test('leaves out what stood before the pass that it knows last', () => {
    expect(forgottenIn(events, 5).facts).toEqual([ended('revision-2-s1')]);
  });

  test('is everything where it knows no pass', () => {
    expect(forgottenIn(events, 1).facts).toHaveLength(6);
  });
});
