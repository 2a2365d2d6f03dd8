import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider, type Asked } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee'];
const budget = { tokens: 1_000_000 };

/** What one call uses in each round, so that the rounds end at 82, 91.2, 96 and 100 % of the budget. */
const usedInRound: readonly number[] = [0, 205_000, 23_000, 24_000, 20_000];

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

function using({ round }: Asked): { usage: { input: number; cached: number; output: number } } {
  return { usage: { input: usedInRound[round] ?? 0, cached: 0, output: 0 } };
}

async function debateOn(provider: ScriptedProvider): Promise<object> {
  return {
    pattern: 'debate',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: await house.agentsOf(provider, models),
    rounds: 5,
    stopOnStability: false,
    endsEarly: false,
    budget,
  };
}

function opened(events: readonly LedgerEvent[]): readonly { seats: number; directives: unknown }[] {
  return events
    .filter(({ type }) => type === 'conclave.round.opened.v1')
    .map(({ data }) => ({
      seats: (data['seats'] as string[]).length,
      directives: data['directives'],
    }));
}

describe('a budget that is used up step by step', () => {
  test(
    'tells each threshold and changes the next pass by it',
    async () => {
      const provider = await ScriptedProvider.start(using);
      const run = await house.run(await debateOn(provider));
      await provider.close();

      const events = await house.events(run.id);
      const told = events.filter(({ type }) => type === 'conclave.threshold.reached.v1');
      const promptOf = (round: number): string =>
        provider.asked.find((asked) => asked.round === round)?.text ?? '';
      expect(told.map(({ data }) => data['percent'])).toEqual([80, 90, 95, 100]);
      expect(opened(events)).toEqual([
        { seats: 4, directives: { context: 'full', isLast: false } },
        { seats: 4, directives: { context: 'summary', isLast: false } },
        { seats: 2, directives: { context: 'summary', isLast: false } },
        { seats: 2, directives: { context: 'summary', isLast: true } },
      ]);
      expect(promptOf(3)).toContain('Round 2, revised positions:');
      expect(promptOf(3)).not.toContain('Round 1, blind proposals:');
      expect(promptOf(3)).toContain('have about 88000 tokens left');
      expect(promptOf(3)).not.toContain('It is the last one.');
      expect(promptOf(4)).toContain('It is the last one.');
      expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'budget', rounds: 4 });
      expect(run.decision?.votes).toHaveLength(models.length);
      expect(run.budget.settled.tokens).toBe(budget.tokens);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'lets the run go on when it is raised in time',
    async () => {
      const gate = createGate();
      const provider = await ScriptedProvider.start(async (asked) => {
        if (asked.round === 1) await gate.opened;
        return using(asked);
      });
      const id = await house.start(await debateOn(provider));
      await provider.until(() => provider.asked.length === models.length);
      const status = await house.steer(id, 'budget', { tokens: 100_000_000 });
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      const types = (await house.events(id)).map(({ type }) => type);
      expect(status).toBe(200);
      expect(types).not.toContain('conclave.threshold.reached.v1');
      expect(run.decision).toMatchObject({ stoppedBy: 'rounds', rounds: 5 });
      expect(provider.asked).toHaveLength(models.length * 5);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'is never lowered below what is spent',
    async () => {
      const gate = createGate();
      const provider = await ScriptedProvider.start(async (asked) => {
        if (asked.round === 2) await gate.opened;
        return using(asked);
      });
      const id = await house.start(await debateOn(provider));
      await provider.until(() => provider.asked.length === models.length * 2);
      const statuses = [
        await house.steer(id, 'budget', { tokens: 819_999 }),
        await house.steer(id, 'budget', { tokens: 820_000 }),
      ];
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      expect(statuses).toEqual([409, 200]);
      expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'budget', rounds: 2 });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a reply that is not what was asked', () => {
  test(
    'is not asked for again where the budget has room for first calls only',
    async () => {
      const names = [1, 2].map(() => `sim-${randomUUID().slice(0, 8)}-prose`);
      const body = {
        pattern: 'consensus',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        participants: await Promise.all(names.map((name) => house.agent(name))),
        endsEarly: false,
      };
      const planned = await house.call<{ estimate: { oneRoundTokens: number } }>(
        '/v1/collaborations/estimate',
        { body },
      );
      const budget = { tokens: planned.body.estimate.oneRoundTokens };
      const run = await house.run({ ...body, budget });

      const abstained = (await house.events(run.id)).filter(
        ({ type }) => type === 'conclave.turn.abstained.v1',
      );
      expect(abstained.map(({ data }) => data)).toMatchObject([
        { reason: 'not-json', content: { repaired: null, unrepaired: 'budget' } },
        { reason: 'not-json', content: { repaired: null, unrepaired: 'budget' } },
      ]);
      for (const name of names) expect(await house.calls(name)).toMatchObject({ calls: 1 });
      expect(run.budget.settled.tokens).toBeLessThanOrEqual(budget.tokens);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('what a provider does not say', () => {
  test(
    'counts with what was reserved and stays unknown in the cost',
    async () => {
      const name = await house.agent('sim-silent-no-usage');
      const run = await house.run({
        pattern: 'consensus',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        participants: ['sim-ada', name],
        endsEarly: false,
      });

      expect(run.decision?.cost).toMatchObject({
        inputTokens: null,
        usd: null,
        calls: 2,
        unknownCalls: 1,
      });
      expect(run.budget.settled.tokens).toBeGreaterThan(0);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
