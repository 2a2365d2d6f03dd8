import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Outcome } from '../../../domain/calibration/resolution.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
let other: House;
const runMs = 90_000;
const agents = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee'];
const closed = {
  pattern: 'consensus',
  options: ['Postgres', 'SQLite'],
  participants: agents,
  questionKind: 'factual',
  endsEarly: false,
};

interface Resolved extends Outcome {
  readonly answer: string;
}

interface Calibrated {
  readonly questions: number;
  readonly trials: number;
  readonly score: { readonly accuracy: number } | null;
}

beforeAll(async () => {
  [house, other] = await Promise.all([House.open(), House.open()]);
});

afterAll(() => Promise.all([house.close(), other.close()]));

async function resolve(tenant: House, { id }: Pick<Shown, 'id'>, answer: string) {
  return await tenant.call<Resolved>(`/v1/collaborations/${id}/resolution`, { body: { answer } });
}

async function calibrationOf(tenant: House, agent: string): Promise<Calibrated> {
  return (await tenant.call<Calibrated>(`/v1/agents/${agent}/calibration`)).body;
}

describe('a run whose truth is known', () => {
  test(
    'says who was right blind and in the end, and makes the record of its models',
    async () => {
      const run = await house.run({ ...closed, pattern: 'debate', question: 'Which store?' });

      const answer = await resolve(house, run, 'SQLite');
      const again = await resolve(house, run, 'SQLite');
      const contradiction = await resolve(house, run, 'Postgres');
      const foreign = await resolve(other, run, 'SQLite');

      expect([answer.status, again.status, contradiction.status, foreign.status]).toEqual([
        200, 200, 409, 404,
      ]);
      expect(again.body).toEqual(answer.body);
      const { seats, final } = answer.body;
      expect(final.isRight).toBe(run.decision?.answer === 'SQLite');
      expect(seats.map((seat) => seat.final?.choice)).toEqual(
        run.decision?.votes.map(({ choice }) => choice),
      );
      expect(seats.every(({ blind }) => blind?.isRight === (blind?.choice === 'SQLite'))).toBe(
        true,
      );
      const shown = await Promise.all(agents.map((agent) => calibrationOf(house, agent)));
      expect(shown.map(({ score }) => score?.accuracy)).toEqual(
        seats.map(({ blind }) => Number(blind?.isRight)),
      );
      expect((await calibrationOf(other, 'sim-ada')).questions).toBe(0);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'of an open question names an answer that was given',
    async () => {
      const { pattern, participants } = closed;
      const run = await house.run({ pattern, participants, question: 'What is the capital?' });
      const given = run.decision?.votes.find(({ choice }) => typeof choice === 'string')?.choice;

      const unknown = await resolve(house, run, 'an answer that nobody gave');
      const answer = await resolve(house, run, String(given));

      expect(unknown.status).toBe(422);
      expect(unknown.body).toMatchObject({ errors: [{ field: 'answer' }] });
      expect(answer.status).toBe(200);
      expect(answer.body.seats.some(({ blind }) => blind?.isRight === true)).toBe(true);
    },
    runMs,
  );
});

describe('a vote weighed by record', () => {
  test(
    'takes the weights of its plan, which the workflow, the ledger and the record hold alike',
    async () => {
      for (const question of ['First?', 'Second?', 'Third?']) {
        const run = await other.run({ ...closed, question });
        const truth = [run.decision?.votes[0]?.choice].flat()[0] ?? 'Postgres';
        expect((await resolve(other, run, truth)).status).toBe(200);
      }
      const protocol = { kind: 'weighted', by: 'record' };
      const run = await other.run({ ...closed, question: 'And now?', protocol });
      const shown = await other.call<{ plan: Plan }>(`/v1/collaborations/${run.id}`);
      const { plan } = shown.body;

      const weights = plan.seats.map(({ weight }) => weight);
      expect(Math.max(...weights)).toBe(weights[0]);
      expect(Math.max(...weights)).toBeLessThanOrEqual(
        (plan.calibration?.shareCap ?? 0) * 4 + 1e-5,
      );
      expect(plan.calibration?.seats['s1']?.trials).toEqual({ kind: 3, all: 3 });
      expect(run.decision?.votes.map(({ weight }) => weight)).toEqual(weights);
      expect((await other.stateOf('consensus', run.id)).plan).toEqual(plan);
      expect(await brokenPromises(other, run)).toEqual([]);
    },
    runMs,
  );
});
