import { describe, expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import { forgottenIn, isPausedBy, type ReadEvent } from '../../../domain/ledger/resumption.ts';
import { openingFacts } from '../../../domain/machines.ts';
import { planWith } from '../../support/plans.ts';

const analysis = '/collaborations/c_1';
const opening = openingFacts(planWith());

function eventsOf(facts: readonly Fact[]): readonly ReadEvent[] {
  return [...opening, ...facts].map((fact, index) =>
    eventOf(fact, { id: `c_1/${String(index)}`, source: '', subject: '', time: '' }),
  );
}

describe('what a workflow has forgotten', () => {
  test.each<Fact>([
    { type: 'collaboration.paused', by: 'ann' },
    { type: 'collaboration.resumed', by: 'ann' },
    { type: 'collaboration.cancelled', by: 'ann', reason: 'enough' },
    { type: 'closing.requested', by: 'ann', scope: 'run' },
    { type: 'deadline.passed' },
  ])('has to be told to parts where it holds $type', (fact) => {
    expect(forgottenIn(eventsOf([fact]), opening.length).isSteered).toBe(true);
  });

  test('concerns no part where nobody steered the run', () => {
    const events = eventsOf([{ type: 'message.added', by: 'ann', messageId: 'm1' }]);

    expect(forgottenIn(events, opening.length)).not.toHaveProperty('isSteered');
  });
});

describe('a part is paused by its analysis', () => {
  const paused = (by: string): Fact => ({ type: 'collaboration.paused', by });
  const resumed = (by: string): Fact => ({ type: 'collaboration.resumed', by });

  test.each<[string, boolean, readonly Fact[]]>([
    ['where that paused it last', true, [paused(analysis)]],
    ['though somebody else had it go on', true, [paused(analysis), resumed('ann')]],
    ['not where that had it go on', false, [paused(analysis), resumed(analysis)]],
    ['not where somebody else paused it', false, [paused('ann')]],
    ['not where nobody did', false, []],
  ])('%s', (_when, isPaused, facts) => {
    expect(isPausedBy(eventsOf(facts), analysis)).toBe(isPaused);
  });
});
