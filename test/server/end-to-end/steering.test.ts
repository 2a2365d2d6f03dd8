import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';

import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

const house = new House();
const runMs = 90_000;

afterAll(() => house.close());

/** A debate of two quick seats and one that takes its time, so that there is a middle to steer in. */
async function startDebate(more: object = {}): Promise<string> {
  const slow = await house.agent(`sim-${randomUUID().slice(0, 8)}-slow-1500`);
  return await house.start({
    pattern: 'debate',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo', slow],
    rounds: 2,
    stopOnStability: false,
    ...more,
  });
}

async function steer(id: string, verb: string, body: object = {}): Promise<number> {
  return (await house.call(`/v1/collaborations/${id}/${verb}`, { body })).status;
}

const isPosition = ({ type }: { type: string }): boolean =>
  type === 'conclave.position.submitted.v1';

describe('steering a debate', () => {
  test(
    'pauses and resumes it, and refuses what makes no sense',
    async () => {
      const id = await startDebate();
      await house.eventsUntil(id, isPosition);

      expect(await steer(id, 'resume')).toBe(409);
      expect(await steer(id, 'pause')).toBe(200);
      expect(await steer(id, 'pause')).toBe(409);
      await house.eventsUntil(id, ({ data }) => data['seat'] === 's3');
      expect((await house.call<Shown>(`/v1/collaborations/${id}`)).body.status).toBe('paused');
      expect(await steer(id, 'resume')).toBe(200);

      const run = await house.ended(id);
      const types = (await house.events(id)).map(({ type }) => type);
      const resumed = types.indexOf('conclave.collaboration.resumed.v1');
      expect(types.indexOf('conclave.round.closed.v1')).toBeGreaterThan(resumed);
      expect(await brokenPromises(house, run)).toEqual([]);
      expect(await steer(id, 'pause')).toBe(409);
    },
    runMs,
  );

  test(
    'cancels it: accounts settled, what it has sealed',
    async () => {
      const id = await startDebate();
      await house.eventsUntil(id, isPosition);

      expect(await steer(id, 'cancel', { reason: 'no need any more' })).toBe(200);

      const run = await house.ended(id);
      expect(run).toMatchObject({
        status: 'cancelled',
        decision: { kind: 'no-decision', reason: 'cancelled', stoppedBy: 'cancelled' },
      });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'closes the round, and closes the run',
    async () => {
      const id = await startDebate();
      await house.eventsUntil(id, isPosition);
      expect(await steer(id, 'close', { scope: 'round' })).toBe(200);
      await house.eventsUntil(id, ({ data }) => data['round'] === 2);
      expect(await steer(id, 'close', { scope: 'run' })).toBe(200);

      const run = await house.ended(id);
      expect(run.decision).toMatchObject({ stoppedBy: 'closed' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'adds a message, a participant and budget for the rounds to come',
    async () => {
      const id = await startDebate({ budget: { tokens: 90_000 } });
      await house.eventsUntil(id, isPosition);
      const text = 'Remember that we are two people.';
      expect(await steer(id, 'messages', { text })).toBeLessThan(300);
      expect(await steer(id, 'participants', { agent: 'sim-cy' })).toBeLessThan(300);
      expect(await steer(id, 'participants', { agent: 'nobody' })).toBe(422);
      expect(await steer(id, 'budget', { tokens: 1 })).toBe(409);
      expect(await steer(id, 'budget', { tokens: 120_000 })).toBe(200);

      const run = await house.ended(id);
      const events = await house.events(id);
      const opened = events.filter(({ type }) => type === 'conclave.round.opened.v1');
      expect(opened.map(({ data }) => data['seats'])).toEqual([
        ['s1', 's2', 's3'],
        ['s1', 's2', 's3', 's4'],
      ]);
      expect(JSON.stringify(events)).toContain(text);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('limits of a run', () => {
  test(
    'a deadline ends it with what is there',
    async () => {
      const hang = await house.agent(`sim-${randomUUID().slice(0, 8)}-hang`);
      const run = await house.run({
        pattern: 'consensus',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        participants: ['sim-ada', 'sim-bo', hang],
        protocol: { kind: 'unanimity' },
        deadline: 'PT2S',
      });

      expect(run.decision).toMatchObject({ stoppedBy: 'deadline' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'a budget that runs out ends it with the best answer so far, and its thresholds are told',
    async () => {
      const run = await house.run({
        pattern: 'debate',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        rounds: 5,
        stopOnStability: false,
        budget: { tokens: 9000 },
      });

      const types = (await house.events(run.id)).map(({ type }) => type);
      expect(types).toContain('conclave.threshold.reached.v1');
      expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'budget' });
      expect(run.budget.settled.tokens).toBeLessThanOrEqual(9000);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
