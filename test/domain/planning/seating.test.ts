import { describe, expect, test } from '@jest/globals';

import { chairOf, seatsOf } from '../../../domain/planning/seating.ts';
import { agent, agents, closedVote, faultsIn, openDebate, planned } from './panel.ts';

describe('the default panel', () => {
  const names = (...given: Parameters<typeof planned>) =>
    planned(...given).plan.seats.map((seat) => seat.agent);

  test.each([
    [0.2, 3],
    [0.5, 5],
    [0.9, 9],
  ])('has at thoroughness %d %d agents, the first ones', (thoroughness, count) => {
    expect(names({ ...closedVote, thoroughness })).toEqual(agents(count).map(({ name }) => name));
  });

  test('takes real agents only where there are any, simulated ones else', () => {
    const simulated = agents(4, { simulated: true });
    const mixed = [...simulated, agent('real-1'), agent('real-2')];

    expect(names(openDebate, mixed)).toEqual(['real-1', 'real-2']);
    expect(names(openDebate, simulated)).toHaveLength(4);
    expect(planned(openDebate, simulated).plan.seats.every((seat) => seat.simulated)).toBe(true);
  });

  test('leaves out agents that are offline', () => {
    expect(names(openDebate, agents(4), { offline: ['a2'] })).toEqual(['a1', 'a3', 'a4']);
  });

  test('seats an agent that is alone three times, as different personas', () => {
    const { seats } = planned(openDebate, [agent('only', { personas: ['security'] })]).plan;

    expect(seats.map((seat) => [seat.seat, seat.agent, seat.personas])).toEqual([
      ['s1', 'only', ['architect']],
      ['s2', 'only', ['critic']],
      ['s3', 'only', ['pragmatist']],
    ]);
  });

  test('cannot be empty', () => {
    expect(faultsIn(openDebate, [])).toEqual([
      {
        field: 'participants',
        got: 'nothing, and no registered agent',
        expected: 'at least 1 agent',
      },
    ]);
    expect(faultsIn(openDebate, agents(1), { offline: ['a1'] })[0]?.got).toBe(
      'nothing, and no agent online',
    );
  });
});

describe('named participants', () => {
  test('sit in the order of the request, with their personas and weights', () => {
    const { seats } = planned({
      ...closedVote,
      personas: { lawyer: 'Look at the law.' },
      participants: [
        'a2',
        { agent: 'a1', persona: 'lawyer', personas: ['critic', 'lawyer'], weight: 2 },
        { agent: 'a3', personas: ['security'] },
      ],
    }).plan;

    const model = { provider: 'openai-compatible', model: 'model' };

    expect(seats).toEqual([
      { seat: 's1', agent: 'a2', personas: ['architect'], weight: 1, simulated: false, model },
      {
        seat: 's2',
        agent: 'a1',
        personas: ['lawyer', 'critic'],
        weight: 2,
        simulated: false,
        model,
      },
      { seat: 's3', agent: 'a3', personas: ['security'], weight: 1, simulated: false, model },
    ]);
  });

  test("look at the question as their agent's personas, its second seat as another", () => {
    const panel = [agent('a1', { personas: ['security'] }), agent('a2')];
    const { seats } = planned({ ...openDebate, participants: ['a1', 'a1'] }, panel).plan;

    expect(seats.map(({ personas }) => personas)).toEqual([['security'], ['critic']]);
  });

  test('may be real and simulated, and offline, when they are named', () => {
    const panel = [agent('real'), agent('sim', { simulated: true })];
    const request = { ...openDebate, participants: ['real', 'sim'] };

    const { seats } = planned(request, panel, { offline: ['real'] }).plan;

    expect(seats.map(({ simulated }) => simulated)).toEqual([false, true]);
  });

  test('are told when their agent does not exist, with those that do', () => {
    const request = { ...openDebate, participants: ['a1', 'nobody', { agent: 'gone' }] };

    expect(faultsIn(request, agents(2))).toEqual([
      { field: 'participants[1]', got: '"nobody"', expected: 'one of: a1, a2' },
      { field: 'participants[2].agent', got: '"gone"', expected: 'one of: a1, a2' },
    ]);
    expect(faultsIn(request, [])[0]?.expected).toBe('one of: none is registered');
    expect(faultsIn(request, agents(25))[0]?.expected).toMatch(/, a20 and 5 more$/);
  });

  test('are told when a persona is unknown', () => {
    const request = {
      ...openDebate,
      personas: { lawyer: 'Look at the law.' },
      participants: [
        { agent: 'a1', persona: 'poet' },
        { agent: 'a2', personas: ['critic', 'bard'] },
      ],
    };
    const expected = 'one of: architect, critic, pragmatist, security, lawyer';

    expect(faultsIn(request)).toEqual([
      { field: 'participants[0].persona', got: '"poet"', expected },
      { field: 'participants[1].personas[1]', got: '"bard"', expected },
    ]);
  });

  test('have weights only where these count', () => {
    const participants = ['a1', { agent: 'a2', weight: 2 }, { agent: 'a3', weight: 1 }];
    const weighted = { ...closedVote, participants };

    expect(faultsIn({ ...weighted, protocol: { kind: 'plurality' } })).toEqual([
      {
        field: 'participants[1].weight',
        got: '2',
        expected:
          'none, or 1, under plurality; weights count under weighted, approval, ranked and supermajority',
      },
    ]);
    expect(planned({ ...weighted, protocol: { kind: 'approval' } }).plan.seats[1]?.weight).toBe(2);
    expect(planned(weighted).plan.protocol).toEqual({ kind: 'weighted' });
  });
});

describe('the chair', () => {
  test("is the first participant's agent unless another is named", () => {
    expect(planned(openDebate).plan.chair).toEqual({
      seat: 'chair',
      agent: 'a1',
      personas: [],
      weight: 1,
      simulated: false,
    });
  });

  test('may be an agent that does not take part', () => {
    const request = { ...openDebate, participants: ['a1', 'a2'], chair: 'boss' };
    const panel = [...agents(2), agent('boss', { simulated: true })];

    expect(planned(request, panel).plan.chair).toMatchObject({ agent: 'boss', simulated: true });
  });

  test('is the judge that the protocol names', () => {
    const { chair, protocol } = planned({
      ...closedVote,
      protocol: { kind: 'judge', judge: 'a7' },
    }).plan;

    expect(chair.agent).toBe('a7');
    expect(protocol).toEqual({ kind: 'judge' });
  });

  test('must exist', () => {
    const got = '"nobody"';
    const expected = 'one of: a1, a2';
    const judge = { kind: 'judge', judge: 'nobody' } as const;

    expect(faultsIn({ ...openDebate, chair: 'nobody' }, agents(2))).toEqual([
      { field: 'chair', got, expected },
    ]);
    expect(faultsIn({ ...closedVote, protocol: judge }, agents(2))).toEqual([
      { field: 'protocol.judge', got, expected },
    ]);
  });

  test('is one agent, not two', () => {
    const protocol = { kind: 'judge', judge: 'a2' } as const;

    expect(faultsIn({ ...closedVote, protocol, chair: 'a1' })).toEqual([
      { field: 'protocol.judge', got: '"a2"', expected: 'the same agent as chair, or none' },
    ]);
    expect(planned({ ...closedVote, protocol, chair: 'a2' }).plan.chair.agent).toBe('a2');
  });
});

test('agents that nobody checked do not get a seat', () => {
  const candidates = { panel: agents(2), offline: [] };

  expect(() => seatsOf({ ...openDebate, participants: ['nobody'] }, candidates, 5)).toThrow(
    'agent:',
  );
  expect(() => chairOf(openDebate, [], candidates)).toThrow('agent:');
});
