import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const models = ['sim-ada', 'sim-bo', 'sim-cy'];
const path = '/v1/collaborations';

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

async function voteOn(provider: ScriptedProvider): Promise<object> {
  return {
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: await house.agentsOf(provider, models),
    endsEarly: false,
  };
}

describe('a start that prefers to wait', () => {
  test(
    'answers 200 with the decision, and the record is there at once',
    async () => {
      const body = { pattern: 'debate', question: 'Which store?', options: ['Postgres', 'SQLite'] };
      const answer = await house.call<Shown>(path, { body, headers: { prefer: 'wait=60' } });
      const record = await house.call(`${path}/${answer.body.id}/record`);

      expect(answer.status).toBe(200);
      expect(answer.headers.get('preference-applied')).toBe('wait=60');
      expect(answer.body).toMatchObject({ status: 'completed', decision: { kind: 'decided' } });
      expect(record.status).toBe(200);
      expect(await brokenPromises(house, answer.body)).toEqual([]);
    },
    runMs,
  );

  test(
    'answers 202 when the run takes longer, and the run goes on',
    async () => {
      const gate = createGate();
      const provider = await ScriptedProvider.start(() => gate.opened.then(() => ({})));
      const body = await voteOn(provider);
      const answer = await house.call<Shown>(path, { body, headers: { prefer: 'wait=1' } });
      const early = await house.call(`${path}/${answer.body.id}/decision`);
      gate.open();
      const run = await house.ended(answer.body.id);
      await provider.close();

      expect(answer.status).toBe(202);
      expect(early.status).toBe(409);
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a start with an idempotency key', () => {
  test(
    'is done once, however often and however much at once it is sent',
    async () => {
      const provider = await ScriptedProvider.start();
      const body = await voteOn(provider);
      const headers = { 'idempotency-key': randomUUID() };
      const atOnce = await Promise.all(
        Array.from({ length: 5 }, () => house.call<Shown>(path, { body, headers })),
      );
      const [first] = atOnce;
      const run = await house.ended(first?.body.id ?? '');
      const later = await house.call<Shown>(path, { body, headers });
      await provider.close();

      const replayed = [...atOnce, later].map((answer) =>
        answer.headers.get('idempotency-replayed'),
      );
      expect(new Set([...atOnce, later].map((answer) => answer.body.id))).toEqual(
        new Set([run.id]),
      );
      expect(replayed.filter((mark) => mark === 'true')).toHaveLength(atOnce.length);
      expect(provider.asked).toHaveLength(models.length);
    },
    runMs,
  );

  test(
    'is refused with another body, and nothing is started',
    async () => {
      const provider = await ScriptedProvider.start();
      const body = await voteOn(provider);
      const headers = { 'idempotency-key': randomUUID() };
      const first = await house.call<Shown>(path, { body, headers });
      const other = { ...body, question: 'Which other store?' };
      const second = await house.call<{ code: string }>(path, { body: other, headers });
      await house.ended(first.body.id);
      await provider.close();

      expect(second.status).toBe(422);
      expect(second.body.code).toBe('idempotency-key-reused');
      expect(provider.asked).toHaveLength(models.length);
    },
    runMs,
  );
});
