import { describe, expect, test } from '@jest/globals';

import { unprovenMap } from '../../../domain/calibration/confidence-map.ts';
import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import { closedGateFor, gateFor } from '../../../domain/gate/gate-defaults.ts';
import { needsRecords } from '../../../domain/planning/calibrating.ts';
import { agents, closedVote, faultsIn, openDebate, planned } from './panel.ts';

function gateOf(more: Partial<CollaborationRequest>): unknown {
  return planned({ ...openDebate, ...more }).plan.gate;
}

describe('the gate of a plan', () => {
  test('is off from a thoroughness of 0.4 on, and on below it where there are rounds to save', () => {
    expect(gateOf({})).toBeNull();
    expect(gateOf({ thoroughness: 0.4 })).toBeNull();
    expect(gateOf({ thoroughness: 0.39 })).toEqual(gateFor(0.39));
    expect(gateOf({ thoroughness: 0.2 })).toBeNull();
    expect(gateOf({ thoroughness: 0.2, rounds: 2 })).toEqual(gateFor(0.2));
  });

  test('is on for a closed question, however thorough, and lets any sure lead do', () => {
    const closed = { options: ['A', 'B', 'C'] };

    expect(gateOf(closed)).toEqual(closedGateFor(0.5));
    expect(gateOf({ ...closed, thoroughness: 1 })).toEqual(closedGateFor(1));
    expect(gateOf({ ...closed, gate: 'off' })).toBeNull();
  });

  test('is what the request says, and for the rest what thoroughness does', () => {
    expect(gateOf({ gate: {} })).toEqual(gateFor(0.5));
    expect(gateOf({ gate: { marginMin: 0.3, askedWay: 'done' } })).toEqual({
      ...gateFor(0.5),
      marginMin: 0.3,
      askedWay: 'done',
    });
    expect(gateOf({ gate: 'off', thoroughness: 0.35 })).toBeNull();
  });

  test('asks a person at most where it is not sure enough', () => {
    expect(gateOf({ gate: { confidenceMin: 0.3 } })).toMatchObject({ confidenceAsk: 0.3 });
    expect(gateOf({ gate: { confidenceMin: 0.3, confidenceAsk: 0.3 } })).toMatchObject({
      confidenceAsk: 0.3,
    });
  });

  test('is not there in a consensus, not even as none', () => {
    expect(planned(closedVote).plan).not.toHaveProperty('gate');
    expect(planned({ ...closedVote, gate: 'off' }).plan).not.toHaveProperty('gate');
  });

  test('is off by itself where a judge decides', () => {
    const judged = { options: ['A', 'B'], protocol: { kind: 'judge' }, rounds: 2 } as const;

    expect(gateOf({ ...judged, thoroughness: 0.2 })).toBeNull();
  });
});

describe('the calibration of a gated plan', () => {
  const gated = { ...openDebate, gate: {} } as const;

  test('says how each confidence is read, and leaves weights as they are', () => {
    const { seats, calibration } = planned(gated).plan;

    expect(Object.keys(calibration?.seats ?? {})).toEqual(seats.map(({ seat }) => seat));
    expect(calibration?.seats['s1']).toMatchObject(unprovenMap);
    expect(seats.map(({ weight }) => weight)).toEqual(seats.map(() => 1));
  });

  test('is not there where no gate reads it', () => {
    expect(planned(openDebate).plan).not.toHaveProperty('calibration');
    expect(planned({ ...openDebate, thoroughness: 0.2 }).plan).not.toHaveProperty('calibration');
  });

  test.each<[boolean, string, Parameters<typeof needsRecords>[0]]>([
    [true, 'a gate is asked for', gated],
    [true, 'thoroughness brings one', { ...openDebate, thoroughness: 0.39 }],
    [
      true,
      'weights come from them',
      { ...closedVote, protocol: { kind: 'weighted', by: 'record' } },
    ],
    [true, 'the panel is to be chosen', openDebate],
    [true, 'the question is closed and names no protocol', { ...closedVote, participants: ['a'] }],
    [false, 'there is none', { ...openDebate, participants: ['a'] }],
    [false, 'it is off', { ...openDebate, participants: ['a'], thoroughness: 0.2, gate: 'off' }],
    [
      false,
      'heads are counted',
      { ...closedVote, participants: ['a'], protocol: { kind: 'plurality' } },
    ],
  ])('needs records: %p, where %s', (needed, _where, request) => {
    expect(needsRecords(request)).toBe(needed);
  });
});

describe('a gate that would decide nothing', () => {
  const asked = { gate: { marginMin: 1 } };
  const got = 'an object with 1 field';

  test.each([
    ['a consensus', { ...closedVote, ...asked }, /^none in a consensus/],
    [
      'a debate that a judge decides',
      { ...openDebate, ...asked, options: ['A', 'B'], protocol: { kind: 'judge' } },
      /under judge/,
    ],
    ['a debate of one round', { ...openDebate, ...asked, rounds: 1 }, /at least 2 rounds/],
    [
      'a debate that thoroughness gives one round',
      { ...openDebate, ...asked, thoroughness: 0 },
      /at least 2 rounds/,
    ],
  ] as const)('is refused in %s', (_where, request, expected) => {
    const [fault, ...others] = faultsIn(request);

    expect(others).toEqual([]);
    expect(fault).toMatchObject({ field: 'gate', got });
    expect(fault?.expected).toMatch(expected);
  });

  test('is refused where it would ask a person of what it is sure of', () => {
    const expected = (most: number): string => `at most confidenceMin, which is ${String(most)}`;

    expect(faultsIn({ ...openDebate, gate: { confidenceAsk: 0.8 } }, agents(3))).toEqual([
      { field: 'gate.confidenceAsk', got: '0.8', expected: expected(0.75) },
    ]);
    expect(faultsIn({ ...openDebate, gate: { confidenceAsk: 0.8, confidenceMin: 0.7 } })).toEqual([
      { field: 'gate.confidenceAsk', got: '0.8', expected: expected(0.7) },
    ]);
  });
});
