import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { ProblemBody } from '../../api/problem-body.ts';
import { House, type Answer } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const runMs = 90_000;
const path = '/v1/collaborations';
const microsPerUsd = 1_000_000;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

function debateWithin(budget: object): { question: string } {
  return {
    pattern: 'debate',
    question: `Which store is it, ${randomUUID()}?`,
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo', 'sim-cy'],
    rounds: 3,
    stopOnStability: false,
    endsEarly: false,
    budget,
  } as { question: string };
}

async function startOf(body: object): Promise<Answer<ProblemBody>> {
  return await house.call<ProblemBody>(path, { body });
}

/** The amount that a refusal names as enough for one round. */
function neededIn({ body }: Answer<ProblemBody>): number {
  const expected = body.errors[0]?.expected ?? '';
  return Number(/^at least \$?([\d.]+)/.exec(expected)?.[1]);
}

async function questions(): Promise<readonly string[]> {
  const list = await house.call<{ items: { question: string }[] }>(path);
  return list.body.items.map(({ question }) => question);
}

describe('a budget below one round', () => {
  test.each([
    ['tokens', 1000, '1000'],
    ['usd', 0.0001, '$0.0001'],
  ])(
    'in %s is refused with what came and what is needed, and nothing is started',
    async (limit, given, shown) => {
      const body = debateWithin({ [limit]: given });
      const refused = await startOf(body);

      expect(refused.status).toBe(422);
      expect(refused.body).toMatchObject({ code: 'input-invalid' });
      expect(refused.body.errors).toEqual([
        {
          field: `budget.${limit}`,
          got: shown,
          expected: expect.stringMatching(/^at least .* what one round of 3 participants needs$/),
        },
      ]);
      expect(neededIn(refused)).toBeGreaterThan(given);
      expect(await questions()).not.toContain(body.question);
    },
  );

  test('of dollars is no limit for an agent whose price nobody knows', async () => {
    const unpriced = await house.agent('sim-cy');
    const body = { ...debateWithin({ usd: 1 }), participants: ['sim-ada', unpriced] };
    const refused = await startOf(body);

    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([
      { field: 'budget.usd', expected: expect.stringContaining(unpriced) },
    ]);
    expect(await questions()).not.toContain(body.question);
  });
});

describe('the budget that a refusal names', () => {
  test.each([
    ['tokens', 1],
    ['usd', 0.000001],
  ])(
    'is enough in %s: the run makes its round and spends no more than that',
    async (limit, tooSmall) => {
      const needed = neededIn(await startOf(debateWithin({ [limit]: tooSmall })));
      const run = await house.run(debateWithin({ [limit]: needed }));

      const { tokens, microsUsd } = run.budget.settled;
      const spent = limit === 'tokens' ? tokens : microsUsd / microsPerUsd;
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(spent).toBeGreaterThan(0);
      expect(spent).toBeLessThanOrEqual(needed);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
