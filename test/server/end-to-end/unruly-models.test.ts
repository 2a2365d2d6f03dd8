import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';

import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

const house = new House();
const runMs = 90_000;

afterAll(() => house.close());

/** A model of the panel that nobody else asks. */
function model(behaviour: string): string {
  return `sim-${randomUUID().slice(0, 8)}-${behaviour}`;
}

async function voteWith(agent: string, more: object = {}): ReturnType<House['run']> {
  return await house.run({
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo', agent],
    endsEarly: false,
    ...more,
  });
}

describe('a reply that is not what was asked', () => {
  const faults: readonly [string, string][] = [
    ['prose', 'not-json'],
    ['huge-confidence', 'invalid-confidence'],
    ['empty', 'empty'],
    ['half-json', 'not-json'],
    ['refusal', 'refusal'],
    ['cutoff', 'cut-off'],
  ];

  test.each(faults)(
    '%s is asked for once more, then abstains as %s',
    async (behaviour, reason) => {
      const name = model(behaviour);
      const run = await voteWith(await house.agent(name));

      const events = await house.events(run.id);
      const abstained = events.find(({ type }) => type === 'conclave.turn.abstained.v1');
      expect(abstained?.data).toMatchObject({ seat: 's3', reason });
      expect(await house.calls(name)).toMatchObject({ calls: 2 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is used when the second one is right',
    async () => {
      const name = model('prose-once');
      const run = await voteWith(await house.agent(name));

      const positions = (await house.events(run.id)).filter(
        ({ type, data }) => type === 'conclave.position.submitted.v1' && data['seat'] === 's3',
      );
      expect(positions).toHaveLength(1);
      expect(positions[0]?.data['content']).toMatchObject({ repaired: expect.any(String) });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a provider in trouble', () => {
  test(
    'is asked again after a 429',
    async () => {
      const name = model('flaky-429');
      const run = await voteWith(await house.agent(name));

      expect(run.decision?.votes.find(({ seat }) => seat === 's3')?.abstained).toBeNull();
      expect(await house.calls(name)).toMatchObject({ calls: 2 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'that refuses for good leaves an abstention, and a fallback answers where it is allowed',
    async () => {
      const name = model('401');
      const agent = await house.agent(name, { fallback: 'sim-cy' });

      const without = await voteWith(agent);
      const allowed = await voteWith(agent, { allowFallback: true });

      expect(without.decision?.votes[2]).toMatchObject({ abstained: 'provider-failed' });
      expect(allowed.decision?.votes[2]?.abstained).toBeNull();
      expect(await brokenPromises(house, without)).toEqual([]);
      expect(await brokenPromises(house, allowed)).toEqual([]);
    },
    runMs,
  );

  test(
    'is not waited for once the outcome is certain, and its call is stopped',
    async () => {
      const name = model('slow-20000');
      const protocol = { kind: 'quorum', required: 1 };
      const run = await voteWith(await house.agent(name), { endsEarly: true, protocol });

      expect(run.decision).toMatchObject({ kind: 'decided' });
      expect(await house.calls(name)).toEqual({ calls: 1, aborted: 1 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
