import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';

import type { Agent } from '../../../domain/providers/agent.ts';
import { sandboxEvent } from '../../../domain/sandbox/run-fact.ts';
import { requested } from '../../domain/sandbox/sample-events.ts';
import { beginOf, newRun, openFixture, proposal, settleOf, time } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';
import { webhookNamed } from './webhook-fixture.ts';

interface Table {
  readonly name: string;
  readonly hasTenant: boolean;
  readonly isForced: boolean;
}

let fixture: StoreFixture;
let app: postgres.Sql;
let tables: Table[];

beforeAll(async () => {
  fixture = await openFixture();
  app = postgres(fixture.database.appUrl, { max: 1, onnotice: () => undefined });
  await fillEveryTable('one');
  tables = await fixture.owner.sql<Table[]>`
    select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as "isForced",
      exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
      ) as "hasTenant"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('r', 'p', 'm', 'v', 'f')`;
});

afterAll(async () => {
  await app.end();
  await fixture.close();
});

async function fillEveryTable(tenantId: string): Promise<void> {
  const { agents, artifacts, collaborations, resolutions, turns, webhooks } = fixture.stores;
  const id = 'filled';
  await webhooks.add(webhookNamed('wh', { tenantId }));
  await collaborations.create(
    newRun(id, { tenantId, idempotency: { key: 'key', requestSha256: 'hash' } }),
  );
  await turns.begin(beginOf(id, proposal('s1'), { tenantId, limits: { concurrent: 5 } }));
  await turns.settle({ ...settleOf(id, proposal('s1')), tenantId });
  await agents.put(tenantId, { name: 'agent' } as Agent);
  const sha256 = 'ab'.repeat(32);
  await artifacts.record(tenantId, [{ sha256, bytes: 1, mediaType: 'text/plain' }]);
  const run = { tenantId, collaborationId: id };
  await collaborations.addMessage({
    ...run,
    messageId: 'm',
    author: 'ann',
    text: 'hello',
    createdAt: time,
  });
  const trial = { provider: 'openai', model: 'm', simulated: false, seat: 's1' };
  await resolutions.add({
    ...run,
    ...{ answerKey: 'o1', answer: 'yes', note: null, questionKind: 'other', resolvedAt: time },
    trials: [{ ...trial, kind: 'other', confidence: 0.8, isRight: true }],
  });
  const asked = { answers: ['approve'], onExpiry: 'reject', expiresAfterMs: 1 } as const;
  const fact = {
    type: 'approval.requested',
    approval: 'decision-1',
    point: 'decision',
    ...asked,
  } as const;
  const about = { source: '/tests', time };
  await turns.recordFacts({ ...run, ...about, awaited: [], facts: [{ id: `${id}/asked`, fact }] });
  await app`select conclave.worker_register('worker', 'queue')`;
  await fillSandboxTables(tenantId);
}

async function fillSandboxTables(tenantId: string): Promise<void> {
  const events = [sandboxEvent(requested, { runId: 'r_1', source: '/tests', time })];
  await fixture.stores.ledger.append({ tenantId, stream: 'r_1', events });
  await app.begin(async (sql) => {
    await sql`select set_config('conclave.tenant', ${tenantId}, true)`;
    await sql`insert into conclave.programs (tenant_id, agent, registered_at)
      values (${tenantId}, 'agent', ${time}::timestamptz)`;
  });
}

/** What the application's role sees of a table, or `refused`. */
async function seen(table: string, tenantId: string | null): Promise<number | 'refused'> {
  try {
    return await app.begin(async (sql) => {
      if (tenantId !== null) await sql`select set_config('conclave.tenant', ${tenantId}, true)`;
      const rows = await sql`select 1 from ${sql(`conclave.${table}`)}`;
      return rows.length;
    });
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return 'refused';
    throw error;
  }
}

/** Copies a row of tenant one, as the owner sees it, in under the application's role. */
async function insertCopy(table: string, setting: string | null): Promise<string> {
  const [row] = await fixture.owner.sql`select * from ${fixture.owner.sql(`conclave.${table}`)}
    where tenant_id = 'one' limit 1`;
  if (row === undefined) return 'no row to copy';
  try {
    await app.begin(async (sql) => {
      if (setting !== null) await sql`select set_config('conclave.tenant', ${setting}, true)`;
      const text = JSON.stringify(row);
      await sql`
        insert into ${sql(`conclave.${table}`)} overriding system value
        select * from json_populate_record(null::${sql(`conclave.${table}`)}, ${text}::text::json)`;
    });
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'inserted';
}

const insufficientPrivilege = '42501';

describe('row security', () => {
  test('is forced on every table of a tenant', () => {
    const walled = tables.filter((table) => table.hasTenant);

    expect(walled.length).toBeGreaterThanOrEqual(12);
    expect(walled.filter((table) => !table.isForced)).toEqual([]);
  });

  test('every table of a tenant has a row to hide', async () => {
    for (const table of tables.filter(({ hasTenant }) => hasTenant)) {
      const rows = await fixture.owner.sql`
        select 1 from ${fixture.owner.sql(`conclave.${table.name}`)} where tenant_id = 'one'`;
      expect([table.name, rows.length > 0]).toEqual([table.name, true]);
    }
  });

  test('without a tenant nothing is visible anywhere', async () => {
    for (const { name } of tables) {
      expect([name, [0, 'refused'].includes(await seen(name, null))]).toEqual([name, true]);
    }
  });

  test('nothing of one tenant is visible to the other', async () => {
    for (const { name } of tables) {
      const count = await seen(name, 'two');
      expect([name, [0, 'refused'].includes(count)]).toEqual([name, true]);
    }
  });

  test('the setting of one transaction is gone in the next', async () => {
    expect(await seen('collaborations', 'one')).toBe(1);
    expect(await seen('collaborations', null)).toBe(0);
  });

  test('a tenant sees its own', async () => {
    const own = ['collaborations', 'events', 'turns', 'budgets', 'agents', 'artifacts', 'messages'];
    for (const name of own)
      expect([name, Number(await seen(name, 'one')) > 0]).toEqual([name, true]);
  });

  test('nobody writes for another tenant, or without one', async () => {
    for (const { name } of tables.filter(({ hasTenant }) => hasTenant)) {
      expect([name, await insertCopy(name, 'two')]).toEqual([name, insufficientPrivilege]);
      expect([name, await insertCopy(name, null)]).toEqual([name, insufficientPrivilege]);
    }
  });

  test('a session that had a tenant before cannot write for the empty one', async () => {
    await seen('streams', 'one');

    const writing = app`insert into conclave.streams (tenant_id, id) values ('', 'nobody')`;

    await expect(writing).rejects.toMatchObject({ code: insufficientPrivilege });
  });

  test('nobody changes or removes rows of another tenant', async () => {
    for (const { name } of tables.filter(({ hasTenant }) => hasTenant)) {
      for (const change of [
        `update conclave.${name} set tenant_id = 'two'`,
        `delete from conclave.${name}`,
      ]) {
        const count = await app
          .begin(async (sql) => {
            await sql`select set_config('conclave.tenant', 'two', true)`;
            return (await sql.unsafe(change)).count;
          })
          .catch((error: unknown) => (error as { code?: string }).code);
        expect([change, [0, insufficientPrivilege].includes(count ?? '')]).toEqual([change, true]);
      }
    }
  });

  test('tables without a tenant are closed to the application', async () => {
    for (const { name } of tables.filter(({ hasTenant }) => !hasTenant)) {
      expect([name, await seen(name, 'one')]).toEqual([name, 'refused']);
    }
  });

  test('what is written once can be neither changed nor removed by the application', async () => {
    const once = ['events', 'idempotency_keys', 'artifacts', 'collaboration_requests'];
    for (const name of [...once, 'resolutions', 'trials']) {
      for (const change of [
        `update conclave.${name} set tenant_id = tenant_id`,
        `delete from conclave.${name}`,
        `truncate conclave.${name}`,
      ]) {
        const changing = app.begin(async (sql) => {
          await sql`select set_config('conclave.tenant', 'one', true)`;
          await sql.unsafe(change);
        });
        await expect(changing).rejects.toMatchObject({ code: insufficientPrivilege });
      }
    }
  });

  test('functions with the rights of the owner have a pinned path and are closed to the public', async () => {
    const functions = await fixture.owner.sql<{ name: string; pinned: boolean; open: boolean }[]>`
      select p.proname as name,
        exists (select from unnest(p.proconfig) c where c like 'search_path=%') as pinned,
        has_function_privilege('pg_monitor', p.oid, 'execute') as open
      from pg_proc p where p.pronamespace = 'conclave'::regnamespace and p.prosecdef`;

    expect(functions.length).toBeGreaterThan(5);
    expect(functions.filter(({ pinned, open }) => !pinned || open)).toEqual([]);
  });

  test('the application neither owns nor bypasses anything', async () => {
    const [role] = await fixture.owner.sql`
      select rolsuper, rolbypassrls, rolcreaterole,
        exists (select from pg_class c where c.relowner = r.oid) as owns
      from pg_roles r where rolname = ${fixture.database.appRole}`;

    expect(role).toEqual({
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      owns: false,
    });
  });

  test('key look-up works without a tenant and tells nothing else', async () => {
    expect(await fixture.stores.tenants.tenantOfKey('key-one')).toBe('one');
    expect(await fixture.stores.tenants.tenantOfKey('key-none')).toBeUndefined();
    expect(await seen('api_keys', 'one')).toBe('refused');
  });
});
