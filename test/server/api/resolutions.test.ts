import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createCollaborationId } from '../../../api/collaboration-id.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import { turnRef } from '../../../domain/collaboration/fact.ts';
import { eventOf } from '../../../domain/ledger/event.ts';
import { agentNamed } from '../../api/fake-house.ts';
import { contentOf, newRun, planWith, positionOf, time, unlimited } from '../stores/run-fixture.ts';
import { openApi } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

const tenants = ['one', 'two'] as const;
const runsOfEach = 500;
const models = ['sharp', 'fair', 'dull'];

/** Whom each tenant's runs show to be right: in nine, six and three of ten cases. */
const rightOfTen = [9, 6, 3];

let api: ApiFixture;
let runs: { tenant: (typeof tenants)[number]; id: string; index: number }[];

beforeAll(async () => {
  api = await openApi();
  runs = [];
  for (const tenant of tenants) {
    for (const model of models) await api.stores.agents.put(tenant, agentNamed(model, { model }));
    const opening = Array.from({ length: runsOfEach }, async (_, index) => {
      runs.push({ tenant, index, id: await endedRun(tenant, index) });
    });
    await Promise.all(opening);
  }
}, 60_000);

afterAll(() => api.close());

/** Stores a vote of three models that has ended; `o1` will turn out to be true. */
async function endedRun(tenantId: string, index: number): Promise<string> {
  const id = createCollaborationId(Date.now());
  const plan = {
    ...planWith(unlimited),
    pattern: 'consensus' as const,
    questionKind: 'factual' as const,
    seats: models.map((model, seat) => ({
      ...{ seat: `s${seat + 1}`, agent: model, personas: [], weight: 1, simulated: false },
      model: { provider: 'openai-compatible', model },
    })),
  };
  const votes = models.map((agent, seat) => {
    const isRight = (index * 7) % 10 < (rightOfTen[seat] ?? 0);
    const choice = { kind: 'single' as const, option: isRight ? 'o1' : 'o2' };
    const { fact } = positionOf(turnRef('vote', 1, `s${seat + 1}`), { choice, confidence: 0.9 });
    return { fact, content: { ...contentOf(''), agent } };
  });
  const happenings: { fact: Fact; content?: unknown }[] = [
    {
      fact: { type: 'collaboration.opened', plan },
      content: { question: 'Which?', options: ['yes', 'no'], materials: [], personas: {} },
    },
    ...votes,
  ];
  const events = happenings.map(({ fact, content }, at) =>
    eventOf(fact, { id: `${id}/${at}`, source: '/test', subject: id, time, content }),
  );
  await api.stores.collaborations.create(newRun(id, { tenantId, plan, events }));
  await api.stores.collaborations.markFailed({ tenantId, collaborationId: id, time });
  return id;
}

function resolve(run: { tenant: string; id: string }, answer: string): Promise<Response> {
  return api.post(`/v1/collaborations/${run.id}/resolution`, { answer }, `key-${run.tenant}`);
}

interface Shown {
  readonly questions: number;
  readonly trials: number;
  readonly score: { readonly accuracy: number; readonly brier: number };
}

async function calibrationOf(agent: string, tenant: string): Promise<Shown> {
  const path = `/v1/agents/${agent}/calibration`;
  return (await (await api.request(path, { key: `key-${tenant}` })).json()) as Shown;
}

describe('a thousand resolutions of two tenants', () => {
  test('are each taken once, and make the records of their own tenant', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < runs.length; at += 50) {
      const batch = runs.slice(at, at + 50).map((run) => resolve(run, 'yes'));
      statuses.push(...(await Promise.all(batch)).map(({ status }) => status));
    }

    expect(statuses).toHaveLength(1_000);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    for (const tenant of tenants) {
      const shown = await Promise.all(models.map((model) => calibrationOf(model, tenant)));
      expect(shown.map(({ questions, trials }) => [questions, trials])).toEqual(
        models.map(() => [runsOfEach, runsOfEach]),
      );
      expect(shown.map(({ score }) => score.accuracy)).toEqual([0.9, 0.6, 0.3]);
    }
  }, 60_000);

  test('weigh the models of the next run by what they show', async () => {
    const body = {
      pattern: 'consensus',
      question: 'Which?',
      options: ['yes', 'no'],
      questionKind: 'factual',
      participants: ['sharp', 'fair', 'dull', 'fair', 'dull'],
      protocol: { kind: 'weighted', by: 'record' },
    };
    const answer = await api.post('/v1/collaborations/estimate', body, 'key-one');
    const { plan } = (await answer.json()) as {
      plan: { seats: { weight: number }[]; calibration: { version: string; shareCap: number } };
    };
    const [sharp = 0, fair = 0, dull = 0] = plan.seats.map(({ weight }) => weight);

    expect(answer.status).toBe(200);
    expect(plan.calibration.shareCap).toBe(0.4);
    expect(sharp).toBeCloseTo(0.4 * 5, 5);
    expect(fair).toBeGreaterThan(dull);
    expect(plan.calibration.version).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the resolution of one run', () => {
  test('is done once by as many as give it at the same time', async () => {
    const id = await endedRun('one', 0);
    const before = await calibrationOf('sharp', 'one');

    const responses = await Promise.all(
      Array.from({ length: 20 }, () => resolve({ tenant: 'one', id }, 'yes')),
    );
    const bodies = await Promise.all(responses.map((response) => response.text()));

    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(new Set(bodies).size).toBe(1);
    const isFirst = responses.filter(({ headers }) => !headers.has('idempotency-replayed'));
    expect(isFirst).toHaveLength(1);
    expect((await calibrationOf('sharp', 'one')).trials).toBe(before.trials + 1);
  });

  test('is one of two that contradict each other at the same time', async () => {
    const id = await endedRun('one', 1);

    const answers = ['yes', 'no', 'yes', 'no', 'yes', 'no'];
    const responses = await Promise.all(answers.map((one) => resolve({ tenant: 'one', id }, one)));
    const path = `/v1/collaborations/${id}/resolution`;
    const stands = (await (await api.request(path, { key: 'key-one' })).json()) as {
      answer: string;
    };

    expect(responses.map(({ status }) => status)).toEqual(
      answers.map((one) => (one === stands.answer ? 200 : 409)),
    );
  });

  test("is not another tenant's to give or to see", async () => {
    const [run] = runs;
    const id = run?.id ?? '';
    const own = await api.request(`/v1/collaborations/${id}/resolution`, { key: 'key-one' });
    const foreign = await api.request(`/v1/collaborations/${id}/resolution`, { key: 'key-two' });

    expect([own.status, foreign.status]).toEqual([200, 404]);
    expect((await resolve({ tenant: 'two', id }, 'yes')).status).toBe(404);
  });
});
