import { describe, expect, test } from '@jest/globals';

import { outcomeOf, trialsOf, truthOf } from '../../../domain/calibration/resolution.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { readRun, type RunReading } from '../../../domain/ledger/run-reading.ts';
import { answerKey } from '../../../domain/replies/answer-key.ts';
import type { Choice } from '../../../domain/protocols/protocol.ts';
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
  sampleHappenings,
  seat,
  sha256,
  single,
  type Happening,
} from '../ledger/sample-run.ts';

const model = { provider: 'openai', model: 'model-x' };
const seats = [1, 2, 3].map((number) => seat(number, { model }));

function reading(happenings: readonly Happening[]): RunReading {
  return readRun(chained(happenings), noLongTexts);
}

/** The sample debate, whose plan names models; at first o1, o2, o2, in the end o1, o1, o2. */
function sample(more: Partial<Plan> = {}): RunReading {
  const [, ...rest] = sampleHappenings();
  return reading([opened(plan({ seats, ...more })), ...rest]);
}

/** A vote of three blind ballots, in order of the seats, and an outcome. */
function vote(choices: readonly Choice[], more: Partial<Plan>, end: readonly Happening[]) {
  const ballots = choices.map((choice, index) =>
    position(
      turnRef('vote', 1, `s${index + 1}`),
      choice,
      said('', { agent: `agent-${index + 1}` }),
    ),
  );
  return reading([
    opened(plan({ pattern: 'consensus', seats, ...more })),
    roundOpened(1, 'vote'),
    ...ballots,
    roundClosed(1, 'vote'),
    ...end,
  ]);
}

/** A debate about an open question with three answers, of which the chair merges the first two. */
function openRun(): RunReading {
  const keys = ['Berlin', 'the city of Berlin', 'Bonn'].map((text) =>
    answerKey(text, 'model', sha256),
  );
  const [berlin = '', city = '', bonn = ''] = keys;
  const given = ['Berlin', 'the city of Berlin', 'Bonn'].map((answer, index) =>
    position(
      turnRef('proposal', 1, `s${index + 1}`),
      single(keys[index] ?? ''),
      said(answer, { agent: `agent-${index + 1}` }),
    ),
  );
  return reading([
    opened(plan({ seats, optionKeys: [], grouping: 'model', rounds: 1 })),
    roundOpened(1, 'proposal'),
    ...given,
    roundClosed(1, 'proposal'),
    {
      fact: {
        type: 'answers.grouped',
        ...turnRef('grouping', 1, 'chair'),
        merges: { [city]: berlin, [bonn]: bonn },
        ...price,
      },
    },
    decided(berlin),
  ]);
}

describe('the truth', () => {
  test.each([
    ['Postgres', 'o1'],
    ['  Postgres ', 'o1'],
    ['o2', 'o2'],
    ['MySQL o2', 'o2'],
  ])('of a closed question may be called %j', (given, key) => {
    expect(truthOf(sample(), given, sha256)).toMatchObject({ ok: true, key });
  });

  test.each(['Berlin', 'berlin.', 'the city of Berlin', '"The City of Berlin"'])(
    'of an open question may be called %j, and stands for what was merged with it',
    (given) => {
      const key = answerKey('Berlin', 'model', sha256);

      expect(truthOf(openRun(), given, sha256)).toEqual({ ok: true, key, words: 'Berlin' });
      expect(truthOf(openRun(), key, sha256)).toMatchObject({ ok: true, key });
    },
  );

  test('must be an answer that could be chosen', () => {
    expect(truthOf(sample(), 'SQLite', sha256)).toEqual({
      ok: false,
      fault: { field: 'answer', got: '"SQLite"', expected: 'one of: "Postgres", "MySQL o2"' },
    });
  });

  test('of many is listed by the first twenty', () => {
    const optionKeys = Array.from({ length: 25 }, (_, index) => `o${index + 1}`);
    const found = truthOf(vote([], { optionKeys }, []), 'none', sha256);

    expect(found).toMatchObject({
      fault: { expected: expect.stringMatching(/"MySQL o20" and 5 more$/) },
    });
  });

  test('is unknown where nobody answered an open question', () => {
    const run = vote([], { optionKeys: [] }, []);

    expect(truthOf(run, 'Paris', sha256)).toMatchObject({
      fault: { expected: 'an answer that a seat gave, and none gave any' },
    });
  });
});

describe('who was right', () => {
  test('is told for each seat, before it saw its peers and at the end', () => {
    const { seats: told } = outcomeOf(sample(), 'o1');

    expect(told.map(({ seat: name, blind, final }) => [name, blind, final])).toEqual([
      [
        's1',
        { choice: 'Postgres', confidence: 0.8, isRight: true },
        { choice: 'Postgres', confidence: 0.9, isRight: true },
      ],
      [
        's2',
        { choice: 'MySQL o2', confidence: 0.6, isRight: false },
        { choice: 'Postgres', confidence: 0.7, isRight: true },
      ],
      [
        's3',
        { choice: 'MySQL o2', confidence: null, isRight: false },
        { choice: 'MySQL o2', confidence: null, isRight: false },
      ],
    ]);
  });

  test.each([
    ['o1', false, true, 'helped'],
    ['o2', true, false, 'harmed'],
  ])('if %s is true, the debate %s', (truth, blind, end, effect) => {
    expect(outcomeOf(sample(), truth)).toMatchObject({
      control: { kind: 'decided', answer: 'MySQL o2', isRight: blind },
      final: { kind: 'decided', answer: 'Postgres', isRight: end },
      effect,
    });
  });

  test('a vote without a debate has no effect of its own', () => {
    const run = vote([single('o1'), single('o1'), single('o2')], {}, [decided('o1')]);

    expect(outcomeOf(run, 'o1')).toMatchObject({ control: { isRight: true }, effect: 'none' });
  });

  test('no decision is neither right nor wrong', () => {
    const run = vote([single('o1'), single('o2')], {}, []);

    expect(outcomeOf(run, 'o1')).toMatchObject({
      control: { kind: 'no-decision', answer: null, isRight: null },
      final: { kind: 'no-decision', answer: null, isRight: null },
      effect: 'none',
    });
    expect(outcomeOf(run, 'o1').seats[2]).toMatchObject({
      blind: null,
      final: null,
      isTrial: false,
    });
  });

  test('a judge has the blind votes as control, by plurality', () => {
    const run = vote([single('o2'), single('o2'), single('o1')], { protocol: { kind: 'judge' } }, [
      {
        fact: {
          type: 'judgement.given',
          ...turnRef('judgement', 1, 'chair'),
          choice: single('o1'),
          ...price,
        },
      },
      decided('o1'),
    ]);

    expect(outcomeOf(run, 'o1')).toMatchObject({
      control: { answer: 'MySQL o2', isRight: false },
      final: { answer: 'Postgres', isRight: true },
      effect: 'helped',
    });
  });

  test('answers that the chair merged are right together', () => {
    const { seats: told, control } = outcomeOf(openRun(), answerKey('Berlin', 'model', sha256));

    expect(told.map(({ blind }) => blind?.isRight)).toEqual([true, true, false]);
    expect(told.map(({ blind }) => blind?.choice)).toEqual([
      'Berlin',
      'the city of Berlin',
      'Bonn',
    ]);
    expect(control).toEqual({ kind: 'decided', answer: 'Berlin', isRight: true });
  });

  test('a decision in a merged answer is the answer that it was merged into', () => {
    const city = answerKey('the city of Berlin', 'model', sha256);
    const berlin = answerKey('Berlin', 'model', sha256);
    const { events } = openRun();
    const state = openRun().state;
    const run: RunReading = {
      ...openRun(),
      events,
      state: { ...state, verdict: state.verdict && { ...state.verdict, answer: city } },
    };

    expect(outcomeOf(run, berlin).final.isRight).toBe(true);
  });

  test('a ranking is right by its first, an approval by any', () => {
    const ranked = vote(
      [
        { kind: 'rank', options: ['o2', 'o1'] },
        { kind: 'rank', options: ['o1', 'o2'] },
        { kind: 'abstain', reason: 'declined' },
      ],
      { protocol: { kind: 'ranked', method: 'schulze' } },
      [],
    );
    const approved = vote(
      [{ kind: 'approve', options: ['o2', 'o1'] }],
      { protocol: { kind: 'approval' } },
      [],
    );

    expect(outcomeOf(ranked, 'o1').seats.map(({ blind }) => blind?.isRight)).toEqual([
      false,
      true,
      null,
    ]);
    expect(outcomeOf(approved, 'o1').seats[0]?.blind?.isRight).toBe(true);
  });
});

describe('trials', () => {
  test('are the blind answers of the seats, under the models of the plan', () => {
    const run = sample({ questionKind: 'security' });
    const shared = { ...model, simulated: false, kind: 'security' };

    expect(trialsOf(run, 'o1')).toEqual([
      { ...shared, seat: 's1', confidence: 0.8, isRight: true },
      { ...shared, seat: 's2', confidence: 0.6, isRight: false },
      { ...shared, seat: 's3', confidence: null, isRight: false },
    ]);
    expect(outcomeOf(run, 'o1').seats.map(({ isTrial }) => isTrial)).toEqual([true, true, true]);
  });

  test('are of the kind other where the plan names none', () => {
    expect(trialsOf(sample(), 'o1').map(({ kind }) => kind)).toEqual(['other', 'other', 'other']);
  });

  test('leave out what says no one answer, and what was not said by the model itself', () => {
    const run = vote(
      [
        { kind: 'approve', options: ['o1', 'o2'] },
        { kind: 'approve', options: ['o1'] },
        { kind: 'abstain', reason: 'declined' },
      ],
      { protocol: { kind: 'approval' } },
      [],
    );
    const [opening, round, first] = sampleHappenings();
    const fallback = reading([
      opened(plan({ seats })),
      ...[round, first].flatMap((happening) => happening ?? []),
      position(turnRef('proposal', 1, 's2'), single('o1'), said('Postgres', { agent: 'agent-9' })),
      position(turnRef('proposal', 1, 's3'), single('o1'), null),
    ]);

    expect(trialsOf(run, 'o1').map((trial) => trial.seat)).toEqual(['s2']);
    expect(opening).toBeDefined();
    expect(trialsOf(fallback, 'o1').map((trial) => trial.seat)).toEqual(['s1', 's3']);
  });

  test('are none in a run whose plan names no models', () => {
    const run = reading(sampleHappenings());

    expect(trialsOf(run, 'o1')).toEqual([]);
    expect(outcomeOf(run, 'o1').seats.some(({ isTrial }) => isTrial)).toBe(false);
  });

  test('are no nominations, and nothing that was said after peers were seen', () => {
    const run = reading([
      opened(plan({ pattern: 'consensus', seats, optionKeys: [], protocol: { kind: 'approval' } })),
      roundOpened(1, 'nomination'),
      position(turnRef('nomination', 1, 's1'), { kind: 'approve', options: ['ax'] }, null),
      roundClosed(1, 'nomination'),
      roundOpened(1, 'vote'),
      position(turnRef('vote', 1, 's1'), { kind: 'approve', options: ['ax'] }, null, {
        confidence: 0.7,
      }),
      roundClosed(1, 'vote'),
      roundOpened(2, 'vote'),
      position(turnRef('vote', 2, 's2'), { kind: 'approve', options: ['ax'] }, null),
    ]);

    expect(trialsOf(run, 'ax')).toMatchObject([{ seat: 's1', confidence: 0.7 }]);
  });
});
