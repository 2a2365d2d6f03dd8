import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Outcome } from '../../../domain/calibration/resolution.ts';
import type { DebateReport, Decision } from '../../../domain/collaboration/decision.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { WhatIf } from '../../../domain/replay/what-if.ts';
import type { Answer, Shown } from './house.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
/** Three agents of one model: they always say the same. */
let likeMinded: readonly string[];

const runMs = 90_000;
const options = ['Postgres', 'SQLite', 'MySQL'];
/** Simulated agents are sure by half at least. */
const gate = { confidenceMin: 0.5 };

beforeAll(async () => {
  house = await House.open();
  likeMinded = await Promise.all(
    ['sim-ada', 'sim-ada', 'sim-ada'].map((model) => house.agent(model)),
  );
});

afterAll(() => house.close());

async function debate(more: object): Promise<Shown> {
  return await house.run({ pattern: 'debate', question: 'Which store?', options, gate, ...more });
}

async function coursesOf(id: string): Promise<readonly string[]> {
  const events = await house.events(id);
  return events.map(({ type }) => type.replace(/^conclave\.|\.v1$/g, ''));
}

async function whatIf({ id }: Shown, other: object | string): Promise<WhatIf> {
  const path = `/v1/collaborations/${id}/replays`;
  return (await house.call<WhatIf>(path, { body: { gate: other } })).body;
}

function reportOf({ decision }: Shown): { decision: Decision; report: DebateReport } {
  if (!decision?.debate) throw new Error('the decision has no report of the debate');
  return { decision, report: decision.debate };
}

describe('a panel that is of one mind and sure', () => {
  test.each([
    ['closed', {}],
    ['open, which is not written up then', { options: undefined, synthesis: true }],
  ])(
    'stops after its vote and pays only for that; the question is %s',
    async (_kind, more) => {
      const run = await debate({ participants: likeMinded, rounds: 3, ...more });

      const course = await coursesOf(run.id);
      expect(course.filter((type) => type === 'position.submitted')).toHaveLength(3);
      expect(course.slice(-4)).toEqual([
        'round.closed',
        'gate.decided',
        'decision.reached',
        'decision.sealed',
      ]);
      expect(run.decision).toMatchObject({
        kind: 'decided',
        stoppedBy: 'gate',
        rounds: 1,
        cost: { calls: 3 },
        debate: {
          gate: { outcome: 'done', disagreement: 0, margin: 1 },
          changed: false,
          marginal: { calls: 0, inputTokens: 0, outputTokens: 0, usd: 0, flips: 0 },
        },
      });
      expect(run.decision?.debate?.control.answer).toBe(run.decision?.answer);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'debates where it is not sure enough, and where there is no gate',
    async () => {
      const unsure = await debate({ participants: likeMinded, gate: { confidenceMin: 1 } });
      const ungated = await debate({ participants: likeMinded, gate: 'off' });

      expect(unsure.decision?.debate).toMatchObject({
        gate: { outcome: 'debate', reasons: ['confidence'] },
        marginal: { calls: 3 },
      });
      expect(ungated.decision?.debate).toMatchObject({ gate: null, marginal: { calls: 3 } });
      for (const run of [unsure, ungated]) {
        expect(run.decision?.stoppedBy).not.toBe('gate');
        expect(await brokenPromises(house, run)).toEqual([]);
      }
    },
    runMs,
  );
});

describe('a panel that agrees and doubts', () => {
  test.each([
    ['done', 3],
    ['debate', 6],
  ])(
    'is one for a person, in whose place the plan says %s',
    async (askedWay, calls) => {
      const doubtful = { confidenceMin: 1, confidenceAsk: 1, askedWay };
      const run = await debate({ participants: likeMinded, gate: doubtful });

      expect(run.decision?.debate?.gate).toMatchObject({
        outcome: 'ask',
        way: askedWay,
        reasons: ['confidence'],
      });
      expect(run.decision?.cost.calls).toBe(calls);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('what another gate would have come to', () => {
  test(
    'is told without a call, and a debate that was never held is not made up',
    async () => {
      const saved = await debate({ participants: likeMinded });
      const held = await debate({
        participants: ['sim-ada', 'sim-ada', 'sim-bo'],
        gate: { ...gate, marginMin: 0.75 },
      });
      const before = await house.calls('sim-ada');

      const never = await whatIf(saved, 'off');
      const loose = { disagreementMax: 1, marginMin: 0, confidenceMin: 0 };
      const sooner = await whatIf(held, loose);
      const same = await whatIf(held, 'off');

      expect(never).toMatchObject({ kind: 'unanswerable' });
      expect(never.kind === 'unanswerable' && never.missing).toHaveLength(3);
      expect(sooner).toMatchObject({
        kind: 'answered',
        decision: { stoppedBy: 'gate', cost: { calls: 3 } },
      });
      expect(same).toMatchObject({ kind: 'answered', difference: { calls: 0 } });
      expect(await house.calls('sim-ada')).toEqual(before);
    },
    runMs,
  );
});

describe('a panel that is split', () => {
  test(
    'debates, and the decision says what that cost and changed',
    async () => {
      const run = await debate({
        participants: ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee', 'sim-eve'],
        rounds: 2,
      });

      const { decision, report } = reportOf(run);
      expect(report.gate).toMatchObject({ outcome: 'debate', voted: 5, seats: 5 });
      expect(report.gate?.disagreement).toBeGreaterThan(0.25);
      expect(report.rounds.map(({ round, calls }) => [round, calls])).toEqual([
        [1, 5],
        [2, decision.cost.calls - 5],
      ]);
      expect(report.marginal.calls).toBeGreaterThan(0);
      expect(report.marginal.flips).toBe(decision.flips.length);
      expect(report.changed).toBe(report.control.answer !== decision.answer);
      const { body } = await house.call<Outcome>(`/v1/collaborations/${run.id}/resolution`, {
        body: { answer: 'SQLite' },
      });
      expect([body.control.answer, body.final.answer]).toEqual([
        report.control.answer,
        decision.answer,
      ]);
      expect(body.effect === 'none').toBe(
        (body.control.isRight === true) === (body.final.isRight === true),
      );
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('the gate of a request', () => {
  test('is shown before the start, with every threshold and how confidences are read', async () => {
    const estimated: Answer<{ plan: Plan }> = await house.call('/v1/collaborations/estimate', {
      body: { pattern: 'debate', question: 'Which store?', gate: { marginMin: 0.6 } },
    });

    expect(estimated.status).toBe(200);
    expect(estimated.body.plan.gate).toEqual({
      disagreementMax: 0.25,
      marginMin: 0.6,
      confidenceMin: 0.75,
      confidenceAsk: 0.5,
      statedMin: 0.5,
      askedWay: 'debate',
    });
    expect(estimated.body.plan.calibration?.version).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['marginMin', { gate: { marginMin: 2 } }, 'gate.marginMin'],
    ['an unknown threshold', { gate: { entropy: 1 } }, 'gate.entropy'],
    ['a debate of one round', { gate: {}, rounds: 1 }, 'gate'],
  ])('is refused with the field: %s', async (_what, more, field) => {
    const body = { pattern: 'debate', question: 'Which store?', ...more };
    const refused: Answer<{ errors: { field: string; expected: string }[] }> = await house.call(
      '/v1/collaborations',
      { body },
    );

    expect(refused.status).toBe(422);
    expect(refused.body.errors.map((error) => error.field)).toEqual([field]);
  });
});
