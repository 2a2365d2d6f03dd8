import { describe, expect, test } from '@jest/globals';

import { faultsOf } from '../../../domain/collaboration/request-schema.ts';
import { closedGateFor, gateFor } from '../../../domain/gate/gate-defaults.ts';
import { changedPlan, changesSchema, type Changes } from '../../../domain/replay/changes.ts';
import { planWith, seats } from '../../support/plans.ts';

const plan = planWith({ seats: seats(3), protocol: { kind: 'plurality' } });

function faultIn(changes: Changes, of = plan): string[] {
  const changed = changedPlan(of, of.seats, changes);
  return changed.ok
    ? []
    : changed.faults.map(({ field, got, expected }) => `${field}: ${got}, ${expected}`);
}

describe('changes', () => {
  test.each<[unknown, string, string]>([
    [{ protocols: {} }, 'protocols', 'one of the fields protocol, quorum, weights'],
    [[], 'body', 'an object'],
    [{ quorum: 0 }, 'quorum', 'a whole number from 1 to 50'],
    [{ quorum: '2' }, 'quorum', 'a whole number from 1 to 50'],
    [{ weights: { s1: 0 } }, 'weights.s1', 'a number above 0, up to 1,000'],
    [{ weights: [] }, 'weights', 'an object, seat to weight'],
    [{ without: 'a1' }, 'without', 'a list of agents'],
    [{ without: [''] }, 'without[0]', "an agent's name"],
    [{ rounds: 6 }, 'rounds', 'a whole number from 1 to 5'],
    [{ stopOnStability: 'no' }, 'stopOnStability', 'true or false'],
    [{ gate: 'on' }, 'gate', '"off"'],
    [{ gate: { marginMin: 2 } }, 'gate.marginMin', 'a number from 0 to 1'],
  ])('%j are refused by shape', (body, field, expected) => {
    const parsed = changesSchema.safeParse(body);

    const [fault] = parsed.success ? [] : faultsOf(parsed.error, body);
    expect(fault).toMatchObject({ field });
    expect(fault?.expected).toContain(expected);
  });

  test.each<[Changes, string[]]>([
    [{ without: ['zed'] }, ['without[0]: "zed", one of: a1, a2, a3']],
    [
      { without: ['a1', 'a2'] },
      ['without: 1 of 3 participants left, at least 2 of them in a debate'],
    ],
    [{ quorum: 4 }, ['quorum: 4, 1 to 3, the number of participants']],
    [
      { protocol: { kind: 'quorum', required: 3 }, without: ['a3'] },
      ['protocol.required: 3, 1 to 2, the number of participants'],
    ],
    [{ protocol: { kind: 'plurality' }, quorum: 2 }, ['quorum: 2, nothing beside protocol']],
    [
      { protocol: { kind: 'judge', judge: 'zed' } },
      ['protocol.judge: "zed", none, or "a1", who had the chair'],
    ],
    [{ weights: { s9: 2 } }, ['weights: "s9", a seat: s1, s2, s3']],
    [{ weights: { s1: 2 }, without: ['a1'] }, ['weights: "s1", a seat: s2, s3']],
    [
      { weights: { s1: 2 } },
      [
        'weights.s1: 2, none, or 1, under plurality; weights count under weighted, approval, ranked and supermajority',
      ],
    ],
    [
      { gate: {}, rounds: 1 },
      [
        'gate: an object with 0 fields, none, or "off", or at least 2 rounds: one round is the blind vote alone',
      ],
    ],
    [
      { gate: { confidenceAsk: 0.8 } },
      ['gate.confidenceAsk: 0.8, at most confidenceMin, which is 0.55'],
    ],
  ])('%j do not fit the record', (changes, faults) => {
    expect(faultIn(changes)).toEqual(faults);
  });

  test.each<Changes>([
    {},
    { without: [] },
    { weights: { s1: 1 } },
    { protocol: { kind: 'judge', judge: 'a1' } },
    { protocol: { kind: 'judge' } },
    { protocol: { kind: 'quorum', required: 3 } },
    { protocol: { kind: 'weighted' }, weights: { s1: 2 } },
  ])('%j fit', (changes) => {
    expect(faultIn(changes)).toEqual([]);
  });

  test('thresholds that are left out stay those of the plan, or are the usual ones', () => {
    const own = { ...gateFor(0.5), marginMin: 0.1, confidenceMin: 0.4, confidenceAsk: 0.4 };
    const gateUnder = (changes: Changes, of = plan): unknown => {
      const changed = changedPlan(of, of.seats, changes);
      return changed.ok ? changed.plan.gate : changed.faults;
    };

    expect(gateUnder({ gate: { statedMin: 1 } }, { ...plan, gate: own })).toEqual({
      ...own,
      statedMin: 1,
    });
    expect(gateUnder({ gate: { statedMin: 1 } })).toEqual({ ...closedGateFor(0.5), statedMin: 1 });
    expect(gateUnder({ gate: 'off' }, { ...plan, gate: own })).toBeNull();
    expect(gateUnder({}, { ...plan, gate: own })).toEqual(own);
  });

  test('a consensus takes no gate, and may say so', () => {
    const vote = planWith({ pattern: 'consensus', seats: seats(2) });

    expect(faultIn({ gate: {} }, vote)).toEqual([
      'gate: an object with 0 fields, none in a consensus: a gate decides whether to debate',
    ]);
    expect(faultIn({ gate: 'off' }, vote)).toEqual([]);
  });

  test('a vote may be down to one seat', () => {
    const vote = planWith({ pattern: 'consensus', seats: seats(2) });

    expect(faultIn({ without: ['a1'] }, vote)).toEqual([]);
    expect(faultIn({ without: ['a1', 'a2'] }, vote)).toHaveLength(1);
  });

  test('a quorum in short keeps the veto that there was', () => {
    const veto = planWith({ protocol: { kind: 'quorum', required: 3, veto: true } });

    expect(changedPlan(veto, veto.seats, { quorum: 2 })).toMatchObject({
      plan: { protocol: { kind: 'quorum', required: 2, veto: true } },
    });
    expect(changedPlan(plan, plan.seats, { quorum: 2 })).toMatchObject({
      plan: { protocol: { kind: 'quorum', required: 2 } },
    });
  });
});
