import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { RunUnderWay } from '../../../infra/stores/collaboration-store.ts';
import { closingOf, newRun, openFixture, time } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

const PAGE = 2;

async function allUnderWay(): Promise<readonly RunUnderWay[]> {
  const found: RunUnderWay[] = [];
  let page: readonly RunUnderWay[] = [];
  do {
    page = await fixture.stores.collaborations.underWay(page.at(-1), PAGE);
    found.push(...page);
  } while (page.length === PAGE);
  return found;
}

test('runs that were started and have not ended are paged through, each once, across tenants', async () => {
  const { collaborations, turns } = fixture.stores;
  const begun = [
    ['one', 'b'],
    ['two', 'a'],
    ['one', 'a'],
    ['one', 'paused'],
    ['one', 'failed'],
  ] as const;
  for (const [tenantId, collaborationId] of begun) {
    await collaborations.create(newRun(collaborationId, { tenantId }));
    await collaborations.markRunning({ tenantId, collaborationId, time });
  }
  await collaborations.create(newRun('queued'));
  await collaborations.markFailed({ tenantId: 'one', collaborationId: 'failed', time });
  const paused = {
    id: 'paused/update-1',
    fact: { type: 'collaboration.paused', by: 'ann' },
  } as const;
  await turns.recordFacts({ ...closingOf('paused', []), facts: [paused] });

  const found = await allUnderWay();

  expect(found.map((run) => [run.status, run.tenantId, run.collaborationId])).toEqual([
    ['paused', 'one', 'paused'],
    ['running', 'one', 'a'],
    ['running', 'one', 'b'],
    ['running', 'two', 'a'],
  ]);
  expect(found[0]).toMatchObject({ pattern: 'debate', createdAt: time });
});

test('a page is found in an index, however many runs have ended', async () => {
  const plan = await fixture.owner.sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    return await sql<Record<string, string>[]>`
      explain select c.id from conclave.collaborations c
      where c.status in ('running', 'waiting', 'paused')
        and (c.status, c.tenant_id, c.created_at, c.id) > ('', '', '-infinity', '')
      order by c.status, c.tenant_id, c.created_at, c.id limit 100`;
  });

  const text = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(text).toContain('collaborations_by_status');
  expect(text).not.toContain('Sort');
});
