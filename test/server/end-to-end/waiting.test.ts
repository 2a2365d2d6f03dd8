import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const startsInARow = 20;
const rowMs = 180_000;
const path = '/v1/collaborations';
/** So that no start can answer 200 because it waited for nothing. */
const rounds = 2;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

test(
  'twenty starts in a row that wait are each answered 200, with a decision that is sealed by then',
  async () => {
    const body = {
      pattern: 'debate',
      gate: 'off',
      question: 'Which store?',
      options: ['Postgres', 'SQLite'],
      rounds,
      stopOnStability: false,
      endsEarly: false,
    };
    const runs: Shown[] = [];
    for (let start = 0; start < startsInARow; start += 1) {
      const answer = await house.call<Shown>(path, { body, headers: { prefer: 'wait=60' } });
      const record = await house.call<{ decision: unknown }>(`${path}/${answer.body.id}/record`);

      expect([answer.status, record.status]).toEqual([200, 200]);
      expect(answer.body).toMatchObject({ status: 'completed', decision: { rounds } });
      expect(answer.body.decision).toEqual(record.body.decision);
      runs.push(answer.body);
    }

    expect(new Set(runs.map(({ id }) => id)).size).toBe(startsInARow);
    for (const run of runs) expect(await brokenPromises(house, run)).toEqual([]);
  },
  rowMs,
);
