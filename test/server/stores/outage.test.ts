import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { verifyChain } from '../../../domain/ledger/chain.ts';
import { createEventFeed } from '../../../infra/database/event-feed.ts';
import { createWorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import { startPostgres } from '../../support/postgres.ts';
import type { TestServer } from '../../support/postgres.ts';
import { untilSeen } from '../../support/until-seen.ts';
import {
  beginOf,
  eventNamed,
  newRun,
  openFixture,
  proposal,
  settleOf,
  settledFact,
  sha256,
} from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let server: TestServer;
let fixture: StoreFixture;

/** Pools that were cut off wait some seconds for their connections when they close. */
const closeWithinMs = 30_000;

beforeAll(async () => {
  server = await startPostgres();
  fixture = await openFixture(server);
}, closeWithinMs);

afterAll(async () => {
  await fixture.close();
  await server.stop();
}, closeWithinMs);

const cutConnections = () =>
  fixture.owner.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'test-stores' and backend_type = 'client backend'`;

describe('a connection that is cut in the middle of a batch', () => {
  test('loses nothing and doubles nothing', async () => {
    const { collaborations, ledger, turns } = fixture.stores;
    const ids = Array.from({ length: 10 }, (_, index) => `cut-${String(index)}`);
    const seats = Array.from({ length: 10 }, (_, index) => proposal(`s${String(index)}`));
    await Promise.all(ids.map((id) => collaborations.create(newRun(id))));

    const work = Promise.all(
      ids.flatMap((id) =>
        seats.map(async (turn) => {
          await turns.begin(beginOf(id, turn));
          await turns.settle(settleOf(id, turn));
        }),
      ),
    );
    const cuts = [];
    for (let lap = 0; lap < 4; lap += 1) cuts.push(...(await cutConnections()));
    await work;

    expect(cuts.length).toBeGreaterThan(0);
    for (const id of ids) {
      const events = await ledger.readUpTo({ tenantId: 'one', stream: id });
      expect(events).toHaveLength(11);
      expect(verifyChain(events, sha256).ok).toBe(true);
      expect((await collaborations.get('one', id))?.budget).toMatchObject({
        reserved: { tokens: 0 },
        settled: { tokens: 600 },
      });
    }
  });
});

describe('a server that is killed', () => {
  test('is found again by every part once it is back', async () => {
    const { collaborations, ledger, turns } = fixture.stores;
    const feed = createEventFeed({ database: fixture.pool });
    const registry = createWorkerRegistry({ url: fixture.database.appUrl });
    const other = createWorkerRegistry({ url: fixture.database.appUrl });
    await registry.register({ workerId: 'w1', taskQueue: 'q' });
    await collaborations.create(newRun('killed'));
    await turns.begin(beginOf('killed', proposal('s1')));
    const before = await ledger.append({
      tenantId: 'one',
      stream: 'lasting',
      events: [eventNamed('a')],
    });

    await server.kill();
    const back = new Promise<void>((resolve) => {
      feed.watch('one', 'lasting', resolve);
    });
    const failing = await ledger
      .head({ tenantId: 'one', stream: 'lasting' })
      .catch((e: unknown) => e);
    const appending = ledger.append({
      tenantId: 'one',
      stream: 'lasting',
      events: [eventNamed('b')],
    });
    await server.start();

    expect(failing).toHaveProperty('code', 'ECONNREFUSED');
    expect((await appending)[0]).toMatchObject({ seq: 2, previousHash: before[0]?.hash });
    await back;
    expect(await settledFact(turns, settleOf('killed', proposal('s1')))).toMatchObject({
      type: 'position.submitted',
    });
    await relock('w1');
    expect(await other.claimDead('w1')).toBe(false);
    await Promise.all([feed.close(), registry.close(), other.close()]);
  });
});

/** Waits until a worker holds its lock again. */
async function relock(workerId: string): Promise<void> {
  await untilSeen(
    async () =>
      await fixture.owner.sql`
      select pid from pg_locks where locktype = 'advisory'
        and objid::bigint = (conclave.worker_lock_key(${workerId}) & 4294967295)`.catch(String),
    (seen) => typeof seen !== 'string' && seen.length > 0,
  );
}
