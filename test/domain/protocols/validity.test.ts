import { describe, expect, test } from '@jest/globals';

import type { Ballot, Electorate, Protocol } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import {
  ballotFault,
  choiceKindOf,
  countsWeights,
  protocolFault,
} from '../../../domain/protocols/validity.ts';
import { abstain, approve, rank, single } from './election.ts';

const electorate: Electorate = {
  options: ['A', 'B'],
  seats: [
    { seat: 'critic', weight: 1 },
    { seat: 'architect', weight: 2 },
  ],
};
const plurality: Protocol = { kind: 'plurality' };
const vetoing: Protocol = { kind: 'quorum', required: 2, veto: true };

describe('a protocol with its electorate', () => {
  test.each<[Protocol, Partial<Electorate>]>([
    [plurality, {}],
    [plurality, { options: [] }],
    [plurality, { closed: true }],
    [vetoing, {}],
    [{ kind: 'supermajority', share: 0.5 }, {}],
    [{ kind: 'supermajority', share: 1 }, {}],
    [{ kind: 'judge', judge: 'critic' }, {}],
    [{ kind: 'judge' }, { judge: 'architect' }],
  ])('%j with %j is in order', (protocol, changes) => {
    expect(protocolFault(protocol, { ...electorate, ...changes })).toBeUndefined();
  });

  test.each<[Protocol, Partial<Electorate>, string]>([
    [plurality, { seats: [] }, 'seats: got none, expected at least one'],
    [
      plurality,
      { seats: [...electorate.seats, { seat: 'critic', weight: 1 }] },
      'seats: got "critic" twice, expected each once',
    ],
    [plurality, { options: ['A', 'A'] }, 'options: got "A" twice, expected each once'],
    [plurality, { options: [''] }, 'options: got an empty text, expected at least one character'],
    [
      plurality,
      { options: [], closed: true },
      'options: got none for a closed question, expected at least one',
    ],
    ...[0, -1, NaN, Infinity].map((weight): [Protocol, Partial<Electorate>, string] => [
      { kind: 'weighted' },
      { seats: [{ seat: 'critic', weight }] },
      `weight of seat "critic": got ${weight}, expected a positive finite number`,
    ]),
    ...[0, 3, 1.5, NaN].map((required): [Protocol, Partial<Electorate>, string] => [
      { kind: 'quorum', required },
      {},
      `protocol.required: got ${required}, expected a whole number from 1 to 2, the number of seats`,
    ]),
    ...[0.4, 1.1, NaN].map((share): [Protocol, Partial<Electorate>, string] => [
      { kind: 'supermajority', share },
      {},
      `protocol.share: got ${share}, expected 0.5 to 1`,
    ]),
    [{ kind: 'judge' }, {}, 'judge: got none, expected the seat that decides'],
    [{ kind: 'judge', judge: 'stranger' }, {}, 'judge: got "stranger", expected one of the seats'],
  ])('%j with %j is refused: %s', (protocol, changes, message) => {
    expect(protocolFault(protocol, { ...electorate, ...changes })).toBe(message);
  });
});

describe('a ballot', () => {
  test.each<[Protocol, Omit<Ballot, 'seat'>]>([
    [plurality, { choice: single('new') }],
    [plurality, { choice: single('A'), vetoes: [] }],
    [{ kind: 'approval' }, { choice: approve('A', 'B') }],
    [{ kind: 'ranked', method: 'schulze' }, { choice: rank('B') }],
    [vetoing, { choice: abstain, vetoes: ['A'] }],
    [vetoing, { choice: single('B'), vetoes: ['A'] }],
  ])('under %j that says %j is valid', (protocol, ballot) => {
    expect(ballotFault(protocol, { seat: 'critic', ...ballot }, electorate)).toBeUndefined();
  });

  test.each<[Protocol, Omit<Ballot, 'seat'>, string]>([
    [plurality, { choice: rank('A') }, 'choice.kind: got rank, expected single or abstain'],
    [
      { kind: 'approval' },
      { choice: approve() },
      'choice.options: got none, expected at least one',
    ],
    [
      plurality,
      { choice: single('') },
      'choice: got an empty option, expected at least one character',
    ],
    [
      { kind: 'ranked', method: 'schulze' },
      { choice: rank('A', 'B', 'A') },
      'choice.options: got "A" twice, expected each once',
    ],
    [
      { kind: 'quorum', required: 1 },
      { choice: single('A'), vetoes: ['B'] },
      'vetoes: got some, expected none without a quorum that allows them',
    ],
    [
      plurality,
      { choice: single('A'), vetoes: ['B'] },
      'vetoes: got some, expected none without a quorum that allows them',
    ],
    [
      vetoing,
      { choice: abstain, vetoes: [''] },
      'vetoes: got an empty option, expected at least one character',
    ],
    [
      vetoing,
      { choice: single('A'), vetoes: ['A'] },
      'vetoes: got "A", expected none that the ballot chooses',
    ],
  ])('under %j that says %j is refused: %s', (protocol, ballot, message) => {
    const fault = ballotFault(protocol, { seat: 'critic', ...ballot }, electorate);

    expect(fault).toBe(`ballot of seat "critic", ${message}`);
  });

  test.each<[Protocol, Omit<Ballot, 'seat'>]>([
    [plurality, { choice: single('C') }],
    [vetoing, { choice: single('A'), vetoes: ['C'] }],
  ])('on a closed question under %j that says %j is refused', (protocol, ballot) => {
    const closed = { ...electorate, closed: true };

    const fault = ballotFault(protocol, { seat: 'critic', ...ballot }, closed);

    expect(fault).toBe(
      'ballot of seat "critic", option: got "C", expected one of the 2 of the closed question',
    );
  });

  test('on a closed question may name a known option or abstain', () => {
    const closed = { ...electorate, closed: true };

    const faults = [single('A'), abstain].map((choice) =>
      ballotFault(plurality, { seat: 'critic', choice }, closed),
    );

    expect(faults).toEqual([undefined, undefined]);
  });

  test('of a stranger is refused', () => {
    const fault = ballotFault(plurality, { seat: 'stranger', choice: abstain }, electorate);

    expect(fault).toBe(
      'ballot of seat "stranger": got a seat that is not there, expected one of the electorate',
    );
  });
});

describe('tally', () => {
  test('throws on an unusable protocol', () => {
    expect(() => tally({ kind: 'quorum', required: 3 }, [], electorate)).toThrow(
      'protocol.required: got 3, expected a whole number from 1 to 2, the number of seats',
    );
  });

  test('throws on an invalid ballot', () => {
    expect(() => tally(plurality, [{ seat: 'critic', choice: single('') }], electorate)).toThrow(
      'choice: got an empty option',
    );
  });

  test('throws on a second ballot of one seat', () => {
    const ballot = { seat: 'critic', choice: single('A') };

    expect(() => tally(plurality, [ballot, ballot], electorate)).toThrow(
      'seat "critic": got two ballots, expected one',
    );
  });
});

describe('a protocol tells', () => {
  test.each<[Protocol, string, boolean]>([
    [plurality, 'single', false],
    [{ kind: 'weighted' }, 'single', true],
    [{ kind: 'approval' }, 'approve', true],
    [{ kind: 'ranked', method: 'instant-runoff' }, 'rank', true],
    [vetoing, 'single', false],
    [{ kind: 'supermajority', share: 0.6 }, 'single', true],
    [{ kind: 'unanimity' }, 'single', false],
    [{ kind: 'judge' }, 'single', false],
  ])('%j which ballot it counts (%s) and whether weights count (%s)', (protocol, kind, weighs) => {
    expect([choiceKindOf(protocol), countsWeights(protocol)]).toEqual([kind, weighs]);
  });
});
