import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';

import { createDatabase } from '../../../infra/database/connection.ts';
import { migrate } from '../../../infra/database/migrate.ts';
import { createStores } from '../../../infra/stores/stores.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import { createWorkerRegistry } from '../../../infra/stores/worker-registry.ts';
import { startPostgres } from '../../support/postgres.ts';
import type { TestServer } from '../../support/postgres.ts';
import { beginOf, newRun, proposal, settleOf } from './run-fixture.ts';

let server: TestServer;
let admin: postgres.Sql;

beforeAll(async () => {
  server = await startPostgres();
  admin = postgres(server.ownerUrl, { max: 1, onnotice: () => undefined });
});

afterAll(async () => {
  await admin.end();
  await server.stop();
});

interface Empty {
  readonly ownerUrl: string;
  readonly appRole: string;
}

/** A database that nobody has migrated, owned by a role that is no superuser, as managed servers give it. */
async function emptyDatabase(): Promise<Empty> {
  const name = `migrated_${randomBytes(4).toString('hex')}`;
  await admin.unsafe(`create role owner_${name} login createrole nosuperuser nobypassrls`);
  await admin.unsafe(`create database ${name} owner owner_${name}`);
  const url = new URL(server.ownerUrl);
  url.pathname = `/${name}`;
  url.username = `owner_${name}`;
  return { ownerUrl: url.href, appRole: `app_${name}` };
}

async function asOwner<T>(to: Empty, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(to.ownerUrl, { max: 1, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

describe('migrate', () => {
  test('applies every migration in order, and then nothing more', async () => {
    const empty = await emptyDatabase();

    const { applied } = await migrate(empty);

    expect(applied.length).toBeGreaterThan(0);
    expect(applied).toEqual([...applied].sort());
    expect(await migrate(empty)).toEqual({ applied: [] });
  });

  test('creates the role of the application when it is missing, without login', async () => {
    const empty = await emptyDatabase();

    await migrate(empty);

    const [role] = await admin`
      select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = ${empty.appRole}`;
    expect(role).toEqual({ rolcanlogin: false, rolsuper: false, rolbypassrls: false });
  });

  test('several at once do not race', async () => {
    const empty = await emptyDatabase();

    const results = await Promise.all([migrate(empty), migrate(empty), migrate(empty)]);

    const applied = results.map((result) => result.applied.length);
    expect(applied.filter((count) => count > 0)).toHaveLength(1);
  });

  test('refuses a database whose migrations are not its own', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);

    await asOwner(
      empty,
      (sql) => sql`update conclave.migrations set sha256 = 'x' where name like '0001%'`,
    );

    await expect(migrate(empty)).rejects.toThrow(/0001.* was changed after it was applied/);
  });

  test('refuses a database of a newer version', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);

    await asOwner(
      empty,
      (sql) => sql`insert into conclave.migrations (name, sha256) values ('9999_later.sql', 'x')`,
    );

    await expect(migrate(empty)).rejects.toThrow(/9999_later.sql .* belongs to a newer version/);
  });

  test('an owner without the rights of a superuser is enough for everything', async () => {
    const empty = await emptyDatabase();
    await migrate(empty);
    await admin.unsafe(`alter role ${empty.appRole} login password 'test'`);
    const url = new URL(empty.ownerUrl);
    url.username = empty.appRole;
    url.password = 'test';
    const administration = createTenantAdministration({ ownerUrl: empty.ownerUrl });
    const pool = createDatabase({ url: url.href, connectionsMax: 2, applicationName: 'test' });
    const registry = createWorkerRegistry({ url: url.href });
    const { collaborations, providerAccounts, tenants, turns } = createStores(pool);

    await administration.createTenant({ tenantId: 'one', name: 'One', apiKey: 'key' });
    expect(await tenants.tenantOfKey('key')).toBe('one');
    await collaborations.create(newRun('run', { createdAt: '2026-01-01T00:00:00.000Z' }));
    expect(await collaborations.queuedOlderThan(1)).toHaveLength(1);
    const limits = { concurrent: 2, requestsPerMinute: 5 };
    for (const seat of ['s1', 's2']) {
      await turns.begin(beginOf('run', proposal(seat), { limits, account: 'a' }));
    }
    await turns.settle(settleOf('run', proposal('s1')));
    expect(await turns.inFlightOf('worker-1')).toHaveLength(2);
    expect(await providerAccounts.status(['a'])).toMatchObject([{ inFlight: 1 }]);
    await registry.register({ workerId: 'worker-1', taskQueue: 'q' });
    await registry.forget('worker-1');
    expect(await providerAccounts.status(['a'])).toMatchObject([{ inFlight: 0 }]);
    expect(await administration.revokeKey('key')).toBe(true);
    expect(await tenants.tenantOfKey('key')).toBeUndefined();
    const hidden = await asOwner(empty, (sql) => sql`select from conclave.events`);
    expect(hidden).toHaveLength(0);

    await Promise.all([administration.close(), pool.close(), registry.close()]);
  });
});
