import { describe, expect, test } from '@jest/globals';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { Decision } from '../../../domain/collaboration/decision.ts';
import { buildDecision } from '../../../domain/ledger/record.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import {
  chained,
  decided,
  noLongTexts,
  opened,
  plan,
  position,
  price,
  roundClosed,
  roundOpened,
  said,
  sampleEvents,
  sampleHappenings,
  seat,
  single,
  unknownPrice,
  type Happening,
} from './sample-run.ts';

function decisionOf(events: readonly LedgerEvent[]): Decision {
  return buildDecision({ events, resolve: noLongTexts });
}

function decisionAfter(happenings: readonly Happening[]): Decision {
  return decisionOf(chained(happenings));
}

/** A closed vote on one ballot each, decided for `winner`. */
function vote(
  kind: 'approve' | 'rank' | 'single',
  ballots: readonly (readonly string[])[],
  winner: string,
): Decision {
  const protocol =
    kind === 'approve'
      ? ({ kind: 'approval' } as const)
      : ({ kind: 'ranked', method: 'schulze' } as const);
  return decisionAfter([
    opened(plan({ pattern: 'consensus', protocol, optionKeys: ['o1', 'o2', 'o3'] })),
    roundOpened(1, 'vote'),
    ...ballots.map((options, index) =>
      position(
        turnRef('vote', 1, `s${index + 1}`),
        kind === 'single' ? single(options[0] ?? '') : { kind, options },
        said('', { agent: `agent-${index + 1}` }),
      ),
    ),
    roundClosed(1, 'vote'),
    decided(winner),
  ]);
}

describe('the decision of a closed debate', () => {
  const decision = decisionOf(sampleEvents());

  test('tells the answer and the explanation in words', () => {
    expect(decision.answer).toBe('Postgres');
    expect(decision.explanation).toBe('"Postgres" has the most, 2 of 3');
    expect(decision).toMatchObject({ kind: 'decided', reason: null, rounds: 2, simulated: false });
  });

  test('counts the last position of each seat, also of one whose last call was cancelled', () => {
    expect(decision.votes).toEqual([
      vote1('s1', 'Postgres', 0.9),
      vote1('s2', 'Postgres', 0.7),
      vote1('s3', 'MySQL o2', null),
    ]);
  });

  test('names each flip with the turn that caused it', () => {
    expect(decision.flips).toEqual([
      {
        seat: 's2',
        agent: 'agent-2',
        round: 2,
        from: 'MySQL o2',
        to: 'Postgres',
        citing: 'proposal-1-s1',
      },
    ]);
  });

  test('keeps the position that lost with its reason', () => {
    expect(decision.dissent).toEqual([
      { seat: 's3', agent: 'agent-3', answer: 'MySQL o2', rationale: 'because MySQL o2' },
    ]);
  });

  test('adds up every call and calls unknown what one left unknown', () => {
    expect(decision.cost).toEqual({
      inputTokens: null,
      cachedTokens: null,
      outputTokens: null,
      usd: null,
      calls: 6,
      unknownCalls: 1,
    });
  });
});

function vote1(name: string, choice: string, confidence: number | null): unknown {
  return {
    seat: name,
    agent: `agent-${name.slice(1)}`,
    weight: 1,
    choice,
    confidence,
    abstained: null,
  };
}

describe('abstentions', () => {
  test('are told with their reason, by seat', () => {
    const seats = [1, 2, 3, 4, 5].map((number) => seat(number));
    const decision = decisionAfter([
      opened(plan({ seats })),
      roundOpened(1, 'proposal'),
      {
        fact: {
          type: 'turn.abstained',
          ...turnRef('proposal', 1, 's1'),
          ...price,
          reason: 'refusal',
        },
      },
      { fact: { type: 'turn.refused', ...turnRef('proposal', 1, 's2'), reason: 'budget' } },
      { fact: { type: 'turn.cancelled', ...turnRef('proposal', 1, 's3'), ...unknownPrice } },
      position(turnRef('proposal', 1, 's5'), { kind: 'abstain', reason: 'not my field' }, said('')),
      decided('o1'),
    ]);

    expect(decision.votes.map(({ abstained }) => abstained)).toEqual([
      'refusal',
      'budget',
      'cancelled',
      'silent',
      'not my field',
    ]);
    expect(decision.votes.every(({ choice }) => choice === null)).toBe(true);
    expect(decision.dissent).toEqual([]);
  });
});

describe('ballots with several options', () => {
  test('are lists of words, and approving the winner is no dissent', () => {
    const decision = vote('approve', [['o1', 'o2'], ['o2'], ['o3', 'o2']], 'o1');

    expect(decision.votes[0]?.choice).toEqual(['Postgres', 'MySQL o2']);
    expect(decision.dissent.map((lost) => [lost.seat, lost.answer])).toEqual([
      ['s2', 'MySQL o2'],
      ['s3', 'MySQL o3, MySQL o2'],
    ]);
  });

  test('dissent where a ranking puts another first', () => {
    const decision = vote('rank', [['o1', 'o2'], ['o2', 'o1'], ['o3']], 'o1');

    expect(decision.dissent.map((lost) => [lost.seat, lost.answer])).toEqual([
      ['s2', 'MySQL o2 > Postgres'],
      ['s3', 'MySQL o3'],
    ]);
  });

  test('flip by what a revision must cite: another set approved, another option ranked first', () => {
    const flipsFrom = (kind: 'approve' | 'rank', from: string[], to: string[]): number =>
      decisionAfter([
        opened(plan()),
        position(turnRef('vote', 1, 's1'), { kind, options: from }, said('')),
        position(turnRef('vote', 2, 's1'), { kind, options: to }, said('')),
        decided('o1'),
      ]).flips.length;

    expect(flipsFrom('approve', ['o1', 'o2'], ['o2', 'o1'])).toBe(0);
    expect(flipsFrom('approve', ['o1'], ['o1', 'o2'])).toBe(1);
    expect(flipsFrom('rank', ['o1', 'o2'], ['o2', 'o1'])).toBe(1);
    expect(flipsFrom('rank', ['o1', 'o2', 'o3'], ['o1', 'o3', 'o2'])).toBe(0);
  });
});

describe('open answers', () => {
  const openPlan = plan({ optionKeys: [], synthesis: true, grouping: 'model' });
  const chair = (task: 'grouping' | 'synthesis' | 'judgement') => turnRef(task, 1, 'chair');
  const answers: readonly Happening[] = [
    opened(openPlan, { options: [] }),
    roundOpened(1, 'proposal'),
    position(turnRef('proposal', 1, 's1'), single('a1'), said('Use Postgres')),
    position(turnRef('proposal', 1, 's2'), single('a1'), said('use postgres!')),
    position(turnRef('proposal', 1, 's3'), single('a2'), said('Take PostgreSQL')),
    roundClosed(1, 'proposal'),
  ];
  const grouped: Happening = {
    fact: {
      type: 'answers.grouped',
      ...chair('grouping'),
      ...price,
      merges: { a1: 'a1', a2: 'a1' },
    },
    content: said(''),
  };

  test('keep each seat its own wording and give the winner the most frequent one', () => {
    const decision = decisionAfter([...answers, decided('a1')]);

    expect(decision.votes.map(({ choice }) => choice)).toEqual([
      'Use Postgres',
      'use postgres!',
      'Take PostgreSQL',
    ]);
    // Equally frequent: the smallest by code point.
    expect(decision.answer).toBe('Use Postgres');
  });

  test('agree once the chair has merged them', () => {
    expect(decisionAfter([...answers, decided('a1')]).dissent).toHaveLength(1);
    expect(decisionAfter([...answers, grouped, decided('a1')]).dissent).toEqual([]);
  });

  test('end in what the chair wrote up, where it did', () => {
    const written = (answer: string): Happening => ({
      fact: { type: 'synthesis.written', ...chair('synthesis'), ...price },
      content: said(answer),
    });
    const silent: Happening = {
      fact: { type: 'synthesis.written', ...chair('synthesis'), ...price },
    };

    expect(decisionAfter([...answers, written('All say Postgres.'), decided('a1')]).answer).toBe(
      'All say Postgres.',
    );
    expect(decisionAfter([...answers, written(''), decided('a1')]).answer).toBe('Use Postgres');
    expect(decisionAfter([...answers, silent, decided('a1')]).answer).toBe('Use Postgres');
  });

  test('are told by the labels that a turn brought, and by their key where none did', () => {
    const decision = decisionAfter([
      opened(openPlan, { options: [] }),
      position(
        turnRef('vote', 1, 's1'),
        { kind: 'approve', options: ['a7', 'a8'] },
        said('', { labels: { a7: 'Use SQLite' } }),
      ),
      position(turnRef('vote', 1, 's2'), single('a9'), null),
      decided('a7', `"a7" over "nothing" and "${'x'.repeat(3)}"`),
    ]);

    expect(decision.votes[0]?.choice).toEqual(['Use SQLite', 'a8']);
    expect(decision.votes[1]?.choice).toBe('a9');
    expect(decision.dissent).toEqual([
      { seat: 's2', agent: 'agent-2', answer: 'a9', rationale: '' },
    ]);
    expect(decision.explanation).toBe('"Use SQLite" over "nothing" and "xxx"');
  });

  test('are shortened within an explanation', () => {
    const long = '😀'.repeat(200);
    const decision = decisionAfter([
      opened(openPlan, { options: [] }),
      position(turnRef('proposal', 1, 's1'), single('a1'), said(long)),
      decided('a1'),
    ]);

    expect(decision.explanation).toBe(`"${'😀'.repeat(120)} …" has the most, 2 of 3`);
    expect(decision.answer).toBe(long);
  });

  test('nominate before they are voted on, which is no flip', () => {
    const decision = decisionAfter([
      opened(plan({ pattern: 'consensus', optionKeys: [] }), { options: [] }),
      position(
        turnRef('nomination', 1, 's1'),
        { kind: 'approve', options: ['a1'] },
        said('', { labels: { a1: 'Use SQLite' } }),
      ),
      roundClosed(1, 'nomination'),
      position(turnRef('vote', 2, 's1'), single('a2'), said('Use Postgres')),
      decided('a2'),
    ]);

    expect(decision.flips).toEqual([]);
  });

  test('flip without a citation where none was given', () => {
    const decision = decisionAfter([
      ...answers,
      position(turnRef('revision', 2, 's1'), single('a9'), said('Use files')),
      decided('a1'),
    ]);

    expect(decision.flips).toMatchObject([{ from: 'Use Postgres', to: 'Use files', citing: null }]);
  });

  test('flip neither into an abstention nor out of one', () => {
    const unsure = { kind: 'abstain', reason: 'unsure' } as const;
    const decision = decisionAfter([
      ...answers,
      position(turnRef('revision', 2, 's1'), unsure, said('')),
      position(turnRef('revision', 3, 's1'), single('a9'), said('Use files')),
      decided('a1'),
    ]);

    expect(decision.flips).toEqual([]);
  });
});

describe('a run without a decision', () => {
  const ended: Happening = {
    fact: {
      type: 'decision.reached',
      verdict: {
        kind: 'no-decision',
        answer: null,
        reason: 'tie',
        stoppedBy: 'rounds',
        rounds: 1,
        explanation: '"o1" and "o2" are equal',
      },
    },
  };

  test('has a reason, its votes and no dissent', () => {
    const decision = decisionAfter([...sampleHappenings().slice(0, -1), ended]);

    expect(decision).toMatchObject({
      kind: 'no-decision',
      answer: null,
      reason: 'tie',
      dissent: [],
    });
    expect(decision.explanation).toBe('"Postgres" and "MySQL o2" are equal');
    expect(decision.votes).toHaveLength(3);
  });

  test('cannot be read as one before it has ended', () => {
    expect(() => decisionAfter(sampleHappenings().slice(0, -1))).toThrow('no decision.reached');
  });

  test('cannot be read from events that do not begin with its opening', () => {
    const [, second] = sampleEvents();
    if (second === undefined) throw new Error('sample too short');

    expect(() => decisionOf([second])).toThrow('first');
    expect(() => decisionOf([])).toThrow('first event of a stream: got no content');
    expect(() => decisionOf([{ ...second, data: { content: {} } }])).toThrow(
      'expected collaboration.opened',
    );
  });
});

describe('simulated', () => {
  test.each([
    ['a seat is', [seat(1, { simulated: true }), seat(2)], said('Postgres')],
    ['a reply is', [seat(1), seat(2)], said('Postgres', { simulated: true })],
  ])('is the whole decision when %s', (_name, seats, content) => {
    const decision = decisionAfter([
      opened(plan({ seats })),
      position(turnRef('proposal', 1, 's1'), single('o1'), content),
      decided('o1'),
    ]);

    expect(decision.simulated).toBe(true);
  });
});
