import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startPanel } from '../../support/providers.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider, type Scripted } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const retryAfterMs = 300;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** A model of the panel that nobody else asks. */
function model(behaviour: string): string {
  return `sim-${randomUUID().slice(0, 8)}-${behaviour}`;
}

async function voteWith(agent: string, more: object = {}): Promise<Shown> {
  return await house.run({
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo', agent],
    endsEarly: false,
    ...more,
  });
}

/** A provider that answers its first request otherwise than the later ones. */
async function startMoody(first: Scripted, later: Scripted = {}): Promise<ScriptedProvider> {
  const provider: ScriptedProvider = await ScriptedProvider.start(() =>
    provider.asked.length === 1 ? first : later,
  );
  return provider;
}

async function agentOf(provider: ScriptedProvider, more: object = {}): Promise<string> {
  return await house.agent('sim-moody', { baseUrl: provider.baseUrl, ...more });
}

describe('a reply that is not what was asked', () => {
  const faults: readonly [string, string][] = [
    ['prose', 'not-json'],
    ['huge-confidence', 'invalid-confidence'],
    ['invented-answer', 'invalid-answer'],
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

      const abstained = (await house.events(run.id)).filter(({ type }) =>
        type.includes('abstained'),
      );
      expect(abstained.map(({ data }) => [data['seat'], data['reason']])).toEqual([['s3', reason]]);
      expect(await house.calls(name)).toMatchObject({ calls: 2 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test.each(faults)(
    '%s is made good by a second one that is right',
    async (behaviour) => {
      const name = model(`${behaviour}-once`);
      const run = await voteWith(await house.agent(name));

      const said = (await house.events(run.id)).filter(({ data }) => data['seat'] === 's3');
      expect(said.map(({ type }) => type)).toEqual(['conclave.position.submitted.v1']);
      expect(said[0]?.data['content']).toMatchObject({ repaired: expect.any(String) });
      expect(await house.calls(name)).toMatchObject({ calls: 2 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a provider in trouble', () => {
  test.each([429, 529])(
    'that answers %d is asked again when it said to, not before',
    async (status) => {
      const headers = { 'retry-after-ms': String(retryAfterMs), 'retry-after': '1' };
      const provider = await startMoody({ status, headers });
      const run = await voteWith(await agentOf(provider));
      await provider.close();

      const [first, second] = provider.asked;
      expect(provider.asked).toHaveLength(2);
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(retryAfterMs);
      expect(run.decision?.votes[2]?.abstained).toBeNull();
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test.each<[string, Scripted]>([
    ['cuts the connection', { isLost: true }],
    ['answers 500', { status: 500 }],
  ])(
    'that %s is asked again',
    async (_how, first) => {
      const provider = await startMoody(first);
      const run = await voteWith(await agentOf(provider));
      await provider.close();

      expect(provider.asked).toHaveLength(2);
      expect(run.decision?.votes[2]?.abstained).toBeNull();
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'that does not speak its own format is not asked again',
    async () => {
      const panel = await startPanel();
      const baseUrl = `${panel.url}/openai/v1`;
      const run = await voteWith(await house.agent('sim-cy-garbage', { baseUrl }));
      const calls = await panel.calls();
      await panel.close();

      expect(calls.map((count) => count.calls)).toEqual([1]);
      expect(run.decision?.votes[2]).toMatchObject({ abstained: 'provider-failed' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'that refuses for good leaves an abstention, and a fallback answers where it is allowed',
    async () => {
      const refused = { status: 401 };
      const provider = await startMoody(refused, refused);
      const agent = await agentOf(provider, { fallback: 'sim-cy' });
      const without = await voteWith(agent);
      const allowed = await voteWith(agent, { allowFallback: true });
      await provider.close();

      const answered = (await house.events(allowed.id)).find(({ data }) => data['seat'] === 's3');
      expect(provider.asked).toHaveLength(2);
      expect(without.decision?.votes[2]).toMatchObject({ abstained: 'provider-failed' });
      expect(allowed.decision?.votes[2]).toMatchObject({ agent, abstained: null });
      expect(answered?.data['content']).toMatchObject({ agent: 'sim-cy', model: 'sim-cy' });
      expect(await brokenPromises(house, without)).toEqual([]);
      expect(await brokenPromises(house, allowed)).toEqual([]);
    },
    runMs,
  );
});

describe('a seat that is late', () => {
  test(
    'is not waited for once the outcome is certain: its call is stopped and paid, and is no abstention',
    async () => {
      const gate = createGate();
      const provider = await ScriptedProvider.start(() => gate.opened.then(() => ({})));
      const run = await voteWith(await agentOf(provider), {
        participants: ['sim-ada', 'sim-bo', await agentOf(provider)],
        endsEarly: true,
        protocol: { kind: 'quorum', required: 1 },
      });
      await provider.until(() => provider.stopped === provider.asked.length);
      await provider.close();

      const events = await house.events(run.id);
      const closed = events.find(({ type }) => type === 'conclave.round.closed.v1');
      const late = events.filter(({ data }) => data['seat'] === 's3');
      expect(closed?.data['reason']).toBe('certain');
      expect(late.map(({ type }) => type)).toEqual(['conclave.turn.cancelled.v1']);
      expect(events.filter(({ type }) => type.includes('abstained'))).toEqual([]);
      expect(run.decision?.votes[2]).toMatchObject({ choice: null, abstained: 'cancelled' });
      expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'certain' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
