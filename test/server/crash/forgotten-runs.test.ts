import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { beginDebate, patiently, snapshotOf, untilSealed } from './crashed-debate.ts';
import type { BegunDebate, Snapshot } from './crashed-debate.ts';
import { eventsOf, faultsOf } from './debate-faults.ts';
import { copyOfTemporal, makeTemporalForget } from './forgetful-temporal.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
const SLOW_MS = [300, 340, 380];
const ROUNDS = 2;
/** `opened`, `round.opened` and the proposals; then the first round is closed and the second one opened. */
const FIRST_ANSWER = 3;
const SECOND_ROUND = 7;
const SECOND_ROUND_ANSWER = 8;

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab({ workers: 2 });
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

async function faultsOfEnded(begun: BegunDebate, atKill: Snapshot): Promise<readonly string[]> {
  const stream = await begun.stream;
  await untilSealed(lab, stream);
  const debate = { id: await begun.id, models: begun.models, rounds: ROUNDS, atKill };
  return await patiently(async () => await faultsOf(lab, debate));
}

async function steer(id: string, step: string, body?: object): Promise<string> {
  const headers = { 'idempotency-key': `${step}-${id}` };
  const path = `/v1/collaborations/${id}/${step}`;
  const { status } = await patiently(
    async () => await lab.api<{ status: string }>(path, { method: 'POST', headers, body }),
  );
  return status;
}

async function typesOf(id: string): Promise<readonly string[]> {
  return (await eventsOf(lab, id)).map(({ type }) => type.replace(/^conclave\.|\.v1$/g, ''));
}

async function restoredBy(lab: CrashLab): Promise<number> {
  const answer = await fetch(`${lab.stack.apiAddress}/metrics`);
  const counts = (await answer.text()).matchAll(/outcome="restored"\} (\d+)/g);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test.each([
  ['an answer', FIRST_ANSWER, []],
  ['the opening of the second round', SECOND_ROUND, []],
  [
    'an answer of the second round, with API and workers',
    SECOND_ROUND_ANSWER,
    ['api', 'worker', 'worker-2'],
  ],
])(
  'a debate goes on when Temporal loses everything after %s',
  async (_name, event, alsoKill) => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const stream = await begun.stream;
    await stream.until(event, RUN_WITHIN_MS);

    await makeTemporalForget(lab, { alsoKill });
    const atKill = await snapshotOf(lab, stream.id, begun.models);

    expect(await faultsOfEnded(begun, atKill)).toEqual([]);
    expect(await restoredBy(lab)).toBeGreaterThan(0);
  },
  RUN_WITHIN_MS,
);

test.each([
  ['the opening of the second round', SECOND_ROUND],
  ['an answer of the second round', SECOND_ROUND_ANSWER],
])(
  'a debate goes on when Temporal falls back to its first round after %s',
  async (_name, event) => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const stream = await begun.stream;
    await stream.until(FIRST_ANSWER, RUN_WITHIN_MS);
    const copy = await copyOfTemporal(lab, `first-round-${stream.id}`);
    await stream.until(event, RUN_WITHIN_MS);

    await makeTemporalForget(lab, { copy, alsoKill: ['worker', 'worker-2'] });
    const atKill = await snapshotOf(lab, stream.id, begun.models);

    expect(await faultsOfEnded(begun, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a paused debate with a message and a raised budget is as it was when Temporal has lost it',
  async () => {
    const begun = await beginDebate(lab, {
      latenciesMs: SLOW_MS,
      more: { budget: { tokens: 200_000 } },
    });
    const stream = await begun.stream;
    const id = await begun.id;
    await steer(id, 'pause');
    await steer(id, 'messages', { text: 'Mind the licence.' });
    await steer(id, 'budget', { tokens: 300_000 });
    // Calls that are under way are finished.
    await stream.until(2 + SLOW_MS.length + 3, RUN_WITHIN_MS);

    await makeTemporalForget(lab, { alsoKill: ['api'] });
    const atKill = await snapshotOf(lab, id, begun.models);
    const handle = lab.temporal.client.workflow.getHandle(`debate/${id}`);
    const state = await patiently(
      async () => await handle.query<{ isPaused: boolean; budget: { tokens: number } }>('state'),
    );
    const paused = await lab.api<{ status: string }>(`/v1/collaborations/${id}`);
    const answer = await steer(id, 'resume');

    expect(state).toMatchObject({ isPaused: true, budget: { tokens: 300_000 } });
    expect(paused.status).toBe('paused');
    expect(answer).toBe('running');
    expect(await faultsOfEnded(begun, atKill)).toEqual([]);
    const types = await typesOf(id);
    expect(types.filter((type) => type === 'message.added')).toHaveLength(1);
    expect(types.filter((type) => type === 'collaboration.paused')).toHaveLength(1);
    expect(types.filter((type) => type === 'budget.raised')).toHaveLength(1);
  },
  RUN_WITHIN_MS,
);

test(
  'a debate that was resumed goes on when Temporal remembers only its pause',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const stream = await begun.stream;
    const id = await begun.id;
    await steer(id, 'pause');
    await stream.until(3 + SLOW_MS.length, RUN_WITHIN_MS);
    const copy = await copyOfTemporal(lab, `paused-${id}`);
    await steer(id, 'resume');

    await makeTemporalForget(lab, { copy, alsoKill: ['api', 'worker', 'worker-2'] });
    const atKill = await snapshotOf(lab, id, begun.models);

    expect(await faultsOfEnded(begun, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a finished debate stays finished when Temporal has lost it',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: [20, 20, 20] });
    const stream = await begun.stream;
    const id = await begun.id;
    await untilSealed(lab, stream);
    const before = await eventsOf(lab, id);
    const restored = await restoredBy(lab);
    const other = await beginDebate(lab, { latenciesMs: SLOW_MS });
    await (await other.stream).until(FIRST_ANSWER, RUN_WITHIN_MS);

    await makeTemporalForget(lab);
    const atKill = await snapshotOf(lab, await other.id, other.models);
    // The other one, which comes back, tells that all were looked at.
    const faults = await faultsOfEnded(other, atKill);

    const handle = lab.temporal.client.workflow.getHandle(`debate/${id}`);
    await expect(handle.describe()).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
    expect(faults).toEqual([]);
    expect(await restoredBy(lab)).toBe(restored + 1);
    expect(await eventsOf(lab, id)).toEqual(before);
  },
  RUN_WITHIN_MS,
);
