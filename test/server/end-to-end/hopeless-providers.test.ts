import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider, type Scripted } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const options = ['Postgres', 'SQLite'];
/** Most calls for one turn, as the guide to providers says; the last is the one that the open breaker lets through. */
const callsMax = 6;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** No deadline and no early end: the run has to find its end by itself. */
async function runOf(pattern: string, participants: readonly string[]): Promise<Shown> {
  return await house.run({
    pattern,
    question: 'Which store?',
    options,
    participants,
    endsEarly: false,
    ...(pattern === 'debate' ? { gate: 'off', rounds: 2, stopOnStability: false } : {}),
  });
}

describe('a provider that never recovers', () => {
  const retryAfter = { 'retry-after-ms': '50', 'retry-after': '1' };
  /** How, after how many calls, and how many of them may have been paid. */
  const ways: readonly [string, number, number, Scripted][] = [
    ['answers 500', callsMax, 0, { status: 500 }],
    ['cuts every connection', callsMax, callsMax, { isLost: true }],
    ['answers 429 and names a time', callsMax, 0, { status: 429, headers: retryAfter }],
    ['answers 529 and names a time', callsMax, 0, { status: 529, headers: retryAfter }],
  ];

  test.each(ways)(
    'and %s is given up after %i calls, and the others decide',
    async (_how, calls, unknownCalls, scripted) => {
      const provider = await ScriptedProvider.start(() => scripted);
      const [hopeless = ''] = await house.agentsOf(provider, ['sim-cy']);
      const run = await runOf('consensus', ['sim-ada', 'sim-bo', hopeless]);
      await provider.close();

      expect(provider.asked).toHaveLength(calls);
      expect(run).toMatchObject({ status: 'completed', decision: { stoppedBy: 'rounds' } });
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([
        null,
        null,
        'provider-failed',
      ]);
      expect(run.decision?.cost).toMatchObject({ unknownCalls });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'after the first round leaves its seat with the position that it took',
    async () => {
      const provider = await ScriptedProvider.start(({ round }) =>
        round === 1 ? {} : { status: 401 },
      );
      const [failing = ''] = await house.agentsOf(provider, ['sim-cy']);
      const run = await runOf('debate', ['sim-ada', 'sim-bo', failing]);
      await provider.close();

      const [first] = (await house.events(run.id)).filter(
        ({ type, data }) => type === 'conclave.position.submitted.v1' && data['seat'] === 's3',
      );
      const { answer } = first?.data['content'] as { answer: string };
      expect(options).toContain(answer);
      expect(run.decision?.votes[2]?.choice).toBe(answer);
      expect(provider.asked).toHaveLength(2);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a panel of which nobody says anything usable', () => {
  test.each(['consensus', 'debate'])(
    'ends a %s without a decision, for want of answers',
    async (pattern) => {
      const behaviours = ['prose', 'refusal', 'empty'];
      const names = behaviours.map((behaviour) => `sim-${randomUUID().slice(0, 8)}-${behaviour}`);
      const run = await runOf(pattern, await Promise.all(names.map((name) => house.agent(name))));

      expect(run).toMatchObject({
        status: 'completed',
        decision: { kind: 'no-decision', answer: null, reason: 'no-answers' },
      });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
