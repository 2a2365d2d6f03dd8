import { describe, expect, test } from '@jest/globals';

import { stateOf } from '../../../domain/ledger/run-reading.ts';
import { eventAt, sampleEvents } from './sample-run.ts';

describe('the state of a run', () => {
  test('is folded from its facts, and the seal is none', () => {
    const events = sampleEvents();
    const seal = { ...eventAt(events, 1), type: 'conclave.decision.sealed.v1' as const, seq: 14 };

    expect(stateOf([...events, seal])).toEqual(stateOf(events));
    expect(stateOf(events).verdict?.answer).toBe('o1');
  });
});
