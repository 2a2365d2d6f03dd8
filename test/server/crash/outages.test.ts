import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import { runCell, untilCalls } from './crash-cell.ts';
import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { beginDebate, patiently, snapshotOf, untilSealed } from './crashed-debate.ts';
import type { BegunDebate } from './crashed-debate.ts';
import { eventsOf, faultsOf } from './debate-faults.ts';
import { processesOf } from './processes.ts';
import { whileStopped } from './stopped-part.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 90_000;
/** How long S3 is away: longer than a try to reach it. */
const S3_AWAY_MS = 10_000;
const SLOW_MS = [300, 320, 340];
const APART_MS = [30, 80, 130];
const ROUNDS = 2;
/** How long Postgres is away: longer than one try to settle an answer. */
const POSTGRES_AWAY_MS = 5000;

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab({ workers: 2 });
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

async function faultsOfEnded(
  begun: BegunDebate,
  atKill: Parameters<typeof faultsOf>[1]['atKill'] = null,
): Promise<readonly string[]> {
  const stream = await begun.stream;
  await untilSealed(lab, stream);
  const debate = { id: await begun.id, models: begun.models, rounds: ROUNDS, atKill };
  return await patiently(async () => await faultsOf(lab, debate));
}

/** Kills a part and holds its next process for so long. */
async function keepAway(part: string, forMs: number): Promise<void> {
  const killed = lab.stack.pidOf(part);
  await lab.stack.kill(part);
  await untilSeen(
    () => Promise.resolve(lab.stack.pidOf(part)),
    (pid) => pid !== undefined && pid !== killed,
    { everyMs: 1 },
  );
  await whileStopped(lab, part, async () => {
    await pass(forMs); // not a wait for something: the length of the outage
  });
}

test(
  'workers whose registry connections are cut go on, and nothing but calls in flight is repeated',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const stream = await begun.stream;
    await stream.until(3, RUN_WITHIN_MS);

    const cut = await lab.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'conclave-worker-registry'`;
    const atKill = await snapshotOf(lab, stream.id, begun.models);

    expect(cut).toHaveLength(2);
    expect(await faultsOfEnded(begun, atKill)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'an update during which Temporal is killed is done once when it is sent again',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const id = await begun.id;
    const send = async (step: string): Promise<unknown> => {
      const headers = { 'idempotency-key': `${step}-${id}` };
      const path = `/v1/collaborations/${id}/${step}`;
      return await patiently(async () => await lab.api(path, { method: 'POST', headers }));
    };

    const paused = send('pause');
    await lab.stack.kill('temporal');
    await paused;
    await send('resume');

    expect(await faultsOfEnded(begun)).toEqual([]);
    const types = (await eventsOf(lab, id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'conclave.collaboration.paused.v1')).toHaveLength(1);
    expect(types.filter((type) => type === 'conclave.collaboration.resumed.v1')).toHaveLength(1);
  },
  RUN_WITHIN_MS,
);

test.each([1, 2, 3])(
  'answers that Postgres is killed under are settled once, try %i',
  async () => {
    // All three answer at the same time, so that they are settled in one transaction.
    const { faults } = await runCell(lab, {
      part: 'postgres',
      event: 2,
      and: 'a call is answered',
      latenciesMs: [100, 100, 100],
    });

    expect(faults).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'answers that come while Postgres is away for seconds are kept, and not asked for again',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS });
    const stream = await begun.stream;
    await stream.until(2, RUN_WITHIN_MS);

    await untilCalls(lab, begun.models, 'a call is made');
    await keepAway('postgres', POSTGRES_AWAY_MS);

    expect(await faultsOfEnded(begun)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a decision is sealed when S3 comes back after ten seconds',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: APART_MS });
    const stream = await begun.stream;
    await stream.until(8, RUN_WITHIN_MS);

    const { status } = await whileStopped(lab, 's3', async () => {
      await stream.until(12, RUN_WITHIN_MS);
      await pass(S3_AWAY_MS); // not a wait for something: the length of the outage
      return await lab.api<{ status: string }>(`/v1/collaborations/${stream.id}`);
    });

    expect(status).toBe('running');
    expect(await faultsOfEnded(begun)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

test(
  'a start that is cut off and sent again is one collaboration',
  async () => {
    const key = randomUUID();
    const start = async (): Promise<string> => {
      const { id } = await lab.api<{ id: string }>('/v1/collaborations', {
        body: { pattern: 'consensus', question: 'Is this started once?', options: ['Yes', 'No'] },
        headers: { 'idempotency-key': key },
      });
      return id;
    };

    const cutOff = start();
    await lab.stack.kill('api');
    await cutOff.catch(() => undefined);
    await lab.stack.waitReady('api');
    const ids = new Set([await start(), await start()]);

    const rows = await lab.sql`
      select collaboration_id from conclave.idempotency_keys where key = ${key}`;
    const streams = await lab.sql`
      select id from conclave.collaborations where question = 'Is this started once?'`;
    expect(ids.size).toBe(1);
    expect(rows).toHaveLength(1);
    expect(streams.map(({ id }) => id as string)).toEqual([...ids]);
  },
  RUN_WITHIN_MS,
);

test(
  'nothing is left alive when the stack has stopped',
  async () => {
    const before = processesOf(lab.folder);

    await lab.close();

    expect(before.length).toBeGreaterThan(0);
    expect(processesOf(lab.folder)).toEqual([]);
  },
  START_WITHIN_MS,
);
