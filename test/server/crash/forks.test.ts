import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilCalls } from './crash-cell.ts';
import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import {
  beginDebate,
  patiently,
  RECOVERED_WITHIN_MS,
  snapshotOf,
  untilSealed,
} from './crashed-debate.ts';
import type { Snapshot } from './crashed-debate.ts';
import { faultsOf } from './debate-faults.ts';
import type { FollowedStream } from './ledger-follower.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
const SLOW_MS = [300, 320, 340];
const ROUNDS = 2;
/** Second round opened: 1 opened, 2 round, 3 to 5 positions, 6 closed, 7 round. */
const SECOND_ROUND = 7;

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab();
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

/** A debate that has ended. */
async function ended(): Promise<{ id: string; models: readonly string[] }> {
  const begun = await beginDebate(lab, { latenciesMs: SLOW_MS, rounds: ROUNDS });
  const [id, stream] = await Promise.all([begun.id, begun.stream]);
  await untilSealed(lab, stream);
  return { id, models: begun.models };
}

/** Forks a debate where its second round has opened, again under the same key where the answer was cut off. */
async function fork(id: string): Promise<{ stream: FollowedStream; status: string }> {
  const heard = lab.ledger.nextStream(RECOVERED_WITHIN_MS);
  const headers = { 'idempotency-key': randomUUID() };
  const { status } = await patiently(
    async () =>
      await lab.api<{ status: string }>(`/v1/collaborations/${id}/forks`, {
        body: { seq: SECOND_ROUND },
        headers,
      }),
  );
  return { stream: await heard, status };
}

async function faultsAfter(
  stream: FollowedStream,
  models: readonly string[],
  atKill: Snapshot,
): Promise<readonly string[]> {
  await untilSealed(lab, stream);
  const debate = { id: stream.id, models, rounds: ROUNDS, atKill };
  return await patiently(async () => await faultsOf(lab, debate));
}

test(
  'a fork whose worker is killed during its first call asks no more than what was in flight again',
  async () => {
    const { id, models } = await ended();

    const { stream } = await fork(id);
    await untilCalls(lab, models, 'a call is made');
    await lab.stack.kill('worker');
    const atKill = await snapshotOf(lab, stream.id, models);

    expect(atKill.ended.size).toBe(models.length);
    expect(await faultsAfter(stream, models, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a fork that is begun while Temporal is away waits for it, and asks nothing twice',
  async () => {
    const { id, models } = await ended();

    const pid = lab.stack.pidOf('temporal') ?? 0;
    process.kill(pid, 'SIGSTOP');
    const { stream, status } = await fork(id);
    const before = await snapshotOf(lab, stream.id, models);
    process.kill(pid, 'SIGCONT');

    expect(status).toBe('queued');
    expect(before.ended.size).toBe(models.length);
    expect(await faultsAfter(stream, models, before)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a fork goes on after Temporal has been killed under it',
  async () => {
    const { id, models } = await ended();
    const { stream } = await fork(id);
    await untilCalls(lab, models, 'a call is made');

    await lab.stack.kill('temporal');
    const atKill = await snapshotOf(lab, stream.id, models);

    expect(await faultsAfter(stream, models, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);
