import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  faultsTolerable,
  quorumRange,
  seatsNeeded,
  trimmedMean,
} from '../../../domain/calibration/fault-tolerance.ts';
import type { Ballot } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import { faultsIn, planned, agents, closedVote } from '../planning/panel.ts';

const faults = fc.integer({ min: 1, max: 4 });

describe('the number of seats', () => {
  test('is three for each faulty one, and one more', () => {
    expect([0, 1, 2, 5].map(seatsNeeded)).toEqual([1, 4, 7, 16]);
    expect([1, 3, 4, 6, 7].map(faultsTolerable)).toEqual([0, 0, 1, 1, 2]);
  });

  test('leaves exactly one size of quorum where there are no more than needed', () => {
    fc.assert(
      fc.property(faults, (f) => {
        expect(quorumRange(seatsNeeded(f), f)).toEqual({ least: 2 * f + 1, most: 2 * f + 1 });
        const { least, most } = quorumRange(seatsNeeded(f) - 1, f);
        expect(least).toBeGreaterThan(most);
      }),
    );
  });
});

describe('a trimmed mean', () => {
  test('leaves out the lowest and highest as many', () => {
    expect(trimmedMean([100, 1, 2, 3, -100], 1)).toBe(2);
    expect(trimmedMean([1, 2, 3], 0)).toBe(2);
  });

  test('does not exist with too few numbers', () => {
    expect(trimmedMean([1, 2], 1)).toBeNull();
    expect(trimmedMean([], 0)).toBeNull();
  });

  test('stays between honest numbers, whatever as many liars say', () => {
    const honest = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const lie = fc.oneof(honest, fc.double(), fc.constantFrom(NaN, Infinity, -Infinity));
    const panel = faults.chain((f) =>
      fc.record({
        f: fc.constant(f),
        honest: fc.array(honest, { minLength: 2 * f + 1, maxLength: 4 * f + 4 }),
        lies: fc.array(lie, { maxLength: f }),
        seed: fc.infiniteStream(fc.nat()),
      }),
    );
    fc.assert(
      fc.property(panel, ({ f, honest: truths, lies, seed }) => {
        const said = [...truths, ...lies]
          .map((value) => ({ value, place: Number(seed.next().value) }))
          .sort((one, other) => one.place - other.place)
          .map(({ value }) => value);
        const mean = Number(trimmedMean(said, f));

        expect(mean).toBeGreaterThanOrEqual(Math.min(...truths));
        expect(mean).toBeLessThanOrEqual(Math.max(...truths));
      }),
    );
  });
});

describe('a quorum that planning accepts', () => {
  const panel = faults.chain((f) =>
    fc.record({
      f: fc.constant(f),
      seats: fc.integer({ min: seatsNeeded(f), max: seatsNeeded(f) + 5 }),
      slack: fc.nat(),
      votes: fc.array(fc.constantFrom('o1', 'o2', null), { minLength: 20, maxLength: 20 }),
      lie: fc.constantFrom('o1', 'o2'),
    }),
  );

  test('has more honest supporters than liars, whatever the liars do together', () => {
    fc.assert(
      fc.property(panel, ({ f, seats, slack, votes, lie }) => {
        const { least, most } = quorumRange(seats, f);
        const required = least + (slack % (most - least + 1));
        const protocol = { kind: 'quorum', required } as const;
        const { plan } = planned(
          {
            ...closedVote,
            participants: agents(seats).map(({ name }) => name),
            protocol,
            toleratedFaults: f,
          },
          agents(seats),
        );
        const ballots = plan.seats.map(({ seat }, index): Ballot => {
          const option = index < f ? lie : votes[index - f];
          return typeof option === 'string'
            ? { seat, choice: { kind: 'single', option } }
            : { seat, choice: { kind: 'abstain', reason: 'declined' } };
        });
        const outcome = tally(plan.protocol, ballots, {
          options: plan.optionKeys,
          closed: true,
          seats: plan.seats,
        });
        if (outcome.kind !== 'decided') return;
        const honest = ballots
          .slice(f)
          .filter(({ choice }) => choice.kind === 'single' && choice.option === outcome.option);
        expect(honest.length).toBeGreaterThan(f);
      }),
    );
  });

  test('can be reached by the honest seats alone', () => {
    fc.assert(
      fc.property(panel, ({ f, seats }) => {
        const { most } = quorumRange(seats, f);
        const electorate = {
          options: ['o1', 'o2'],
          seats: Array.from({ length: seats }, (_, index) => ({ seat: `s${index}`, weight: 1 })),
        };
        const honest = electorate.seats
          .slice(f)
          .map(({ seat }): Ballot => ({ seat, choice: { kind: 'single', option: 'o1' } }));
        const outcome = tally({ kind: 'quorum', required: most }, honest, electorate);
        expect(outcome).toMatchObject({ kind: 'decided', option: 'o1' });
      }),
    );
  });
});

describe('planning refuses', () => {
  const panelOf = (seats: number, more: object) => ({
    ...closedVote,
    participants: agents(seats).map(({ name }) => name),
    ...more,
  });

  test('fewer than 3f + 1 seats', () => {
    expect(faultsIn(panelOf(6, { toleratedFaults: 2 }))).toEqual([
      {
        field: 'toleratedFaults',
        got: '2',
        expected: '0 to 1, or 7 participants or more, for n >= 3f + 1 and there are 6',
      },
    ]);
    expect(faultsIn(panelOf(3, { toleratedFaults: 1 }))[0]?.expected).toBe(
      '0, or 4 participants or more, for n >= 3f + 1 and there are 3',
    );
  });

  test.each([
    [7, 2, 4, '5: up to 4 liars', 'from 6 on 2 silent seats'],
    [7, 1, 7, '3 to 6: up to 2 liars', 'from 7 on 1 silent seat could'],
  ])('of %d seats and %d faulty a quorum of %d', (seats, f, required, low, high) => {
    const protocol = { kind: 'quorum', required } as const;
    const [fault] = faultsIn(panelOf(seats, { toleratedFaults: f, protocol }));

    expect(fault?.field).toBe('protocol.required');
    expect(fault?.expected).toContain(low);
    expect(fault?.expected).toContain(high);
  });

  test('any quorum of too few seats, for both reasons', () => {
    const protocol = { kind: 'quorum', required: 2 } as const;

    expect(
      faultsIn(panelOf(3, { toleratedFaults: 1, protocol })).map(({ field, expected }) => [
        field,
        expected.slice(0, 13),
      ]),
    ).toEqual([
      ['toleratedFaults', '0, or 4 parti'],
      ['protocol.required', 'no size holds'],
    ]);
  });

  test.each([
    [{ kind: 'quorum', required: 3, veto: true } as const, 'protocol.veto'],
    [{ kind: 'unanimity' } as const, 'protocol.kind'],
    [{ kind: 'judge', judge: 'a1' } as const, 'protocol.kind'],
  ])('%j, under which one seat decides or blocks alone', (protocol, field) => {
    expect(faultsIn(panelOf(4, { toleratedFaults: 1, protocol }))).toMatchObject([{ field }]);
  });

  test('weights that give the faulty seats a third', () => {
    const participants = agents(7).map(({ name }, index) => ({
      agent: name,
      weight: index < 2 ? 3 : 1,
    }));

    expect(faultsIn({ ...closedVote, participants, toleratedFaults: 2 })).toEqual([
      {
        field: 'participants',
        got: '2 seats with 55 % of the weight',
        expected: 'less than a third of the weight in as many seats as may be faulty',
      },
    ]);
    expect(
      faultsIn({ ...closedVote, participants: participants.slice(1, 6), toleratedFaults: 1 })[0]
        ?.got,
    ).toBe('a seat with 43 % of the weight');
  });
});

test.each(['plurality', 'weighted', 'approval', 'ranked', 'supermajority'] as const)(
  'under %s four seats of one weight tolerate one fault, and the plan says so',
  (kind) => {
    const protocol = { kind, method: 'schulze', share: 0.6 } as never;
    const participants = ['a1', 'a2', 'a3', 'a4'];
    const { plan } = planned({ ...closedVote, participants, protocol, toleratedFaults: 1 });

    expect(plan.toleratedFaults).toBe(1);
  },
);
