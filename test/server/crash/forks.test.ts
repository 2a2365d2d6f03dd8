import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { CallCount } from '../../../infra/simulated/call-log.ts';
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
import { whileStopped } from './stopped-part.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
const SLOW_MS = [300, 320, 340];
/** Long enough for the kill, and a look after it, to find all of them under way. */
const VERY_SLOW_MS = [2000, 2200, 2400];
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

interface Origin {
  readonly id: string;
  readonly models: readonly string[];
  readonly calls: readonly CallCount[];
}

/** A debate that has ended. */
async function ended(latenciesMs: readonly number[] = SLOW_MS): Promise<Origin> {
  const begun = await beginDebate(lab, { latenciesMs, rounds: ROUNDS });
  const [id, stream] = await Promise.all([begun.id, begun.stream]);
  await untilSealed(lab, stream);
  return { id, models: begun.models, calls: await lab.calls(begun.models) };
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

/** The fork sends the prompts of its second round, which the origin had sent, and none of the first one. */
async function faultsAfter(
  stream: FollowedStream,
  { models, calls }: Origin,
  atKill: Snapshot | null,
): Promise<readonly string[]> {
  await untilSealed(lab, stream);
  const takenOver = { rounds: 1, calls };
  const debate = { id: stream.id, models, rounds: ROUNDS, atKill, takenOver };
  return await patiently(async () => await faultsOf(lab, debate));
}

test(
  'a fork whose worker is killed during its first call asks no more than what was in flight again',
  async () => {
    const origin = await ended(VERY_SLOW_MS);
    const { id, models } = origin;

    const { stream } = await fork(id);
    await untilCalls(lab, models, 'a call is made');
    await lab.stack.kill('worker');
    const atKill = await snapshotOf(lab, stream.id, models);

    expect(atKill.ended.size).toBe(models.length);
    expect(await faultsAfter(stream, origin, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a fork that is begun while Temporal is away waits for it, and asks nothing twice',
  async () => {
    const origin = await ended();
    const { id, models } = origin;

    const { stream, status, before } = await whileStopped(lab, 'temporal', async () => {
      const forked = await fork(id);
      return { ...forked, before: await snapshotOf(lab, forked.stream.id, models) };
    });

    expect(status).toBe('queued');
    expect(before.ended.size).toBe(models.length);
    expect(await faultsAfter(stream, origin, null)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a fork goes on after Temporal has been killed under it, and asks nothing twice',
  async () => {
    const origin = await ended();
    const { stream } = await fork(origin.id);
    await untilCalls(lab, origin.models, 'a call is made');

    await lab.stack.kill('temporal');

    expect(await faultsAfter(stream, origin, null)).toEqual([]);
  },
  RUN_WITHIN_MS,
);
