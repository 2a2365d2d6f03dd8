import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const runMs = 90_000;
const agents = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee', 'sim-eve'];
const seats = agents.map((_, index) => index);

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** A vote in which one seat weighs more than all others together. */
async function voteLedBy(heavy: number, protocol?: object): Promise<Shown> {
  return await house.run({
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite', 'MySQL'],
    participants: agents.map((agent, index) => ({
      agent,
      weight: index === heavy ? agents.length : 1,
    })),
    endsEarly: false,
    ...(protocol === undefined ? {} : { protocol }),
  });
}

describe('a seat that weighs more than all others', () => {
  const protocols: readonly [string, object | undefined][] = [
    ['weighted, which nobody has to name', undefined],
    ['weighted', { kind: 'weighted' }],
    ['ranked', { kind: 'ranked' }],
    ['a super-majority', { kind: 'supermajority', share: 0.55 }],
  ];

  test.each(protocols)(
    'decides alone, whoever it is, by %s',
    async (_name, protocol) => {
      const runs = await Promise.all(seats.map((heavy) => voteLedBy(heavy, protocol)));

      const answers = runs.map(({ decision }) => decision?.answer);
      const wanted = runs.map(({ decision }, heavy) => [decision?.votes[heavy]?.choice].flat()[0]);
      expect(answers).toEqual(wanted);
      // The panel is not of one mind, so that the weights alone made the difference.
      expect(new Set(answers).size).toBeGreaterThan(1);
      for (const run of runs) expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
