import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';

import { APP_ROLE, withAppRole } from '../../../infra/database-urls.ts';
import { migrate } from '../../../infra/database/migrate.ts';
import { ensureAppRole } from '../../../infra/stack/database-roles.ts';
import { startPostgres } from '../../support/postgres.ts';
import type { TestServer } from '../../support/postgres.ts';

let server: TestServer;
let admin: postgres.Sql;
let ownerUrl: string;

beforeAll(async () => {
  server = await startPostgres();
  admin = postgres(server.ownerUrl, { max: 1, onnotice: () => undefined });
  await admin`create role landlord login createrole`;
  await admin`create database managed owner landlord`;
  const url = new URL(server.ownerUrl);
  url.username = 'landlord';
  url.pathname = '/managed';
  ownerUrl = url.href;
});

afterAll(async () => {
  await admin.end();
  await server.stop();
});

beforeEach(async () => {
  await admin`drop database managed`;
  await admin.unsafe(`drop role if exists ${APP_ROLE}`);
  await admin`create database managed owner landlord`;
});

const rights = async () =>
  (
    await admin`
      select rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles
      where rolname = ${APP_ROLE}`
  )[0];

const harmless = {
  rolcanlogin: true,
  rolsuper: false,
  rolbypassrls: false,
  rolcreatedb: false,
  rolcreaterole: false,
};

describe("the application's role", () => {
  test('is made and kept by an owner who is no superuser, start after start', async () => {
    for (const password of ['first', 'second']) {
      await ensureAppRole(ownerUrl, password);
      await migrate({ ownerUrl, appRole: APP_ROLE });
    }

    expect(await rights()).toEqual(harmless);
    const app = postgres(withAppRole(ownerUrl, 'second'), { max: 1 });
    const [row] = await app`select count(*)::integer as count from conclave.events`;
    await app.end();
    expect(row?.['count']).toBe(0);
  });

  test('loses every right that would lead past row security', async () => {
    await admin.unsafe(`create role ${APP_ROLE} superuser bypassrls createdb createrole`);
    const url = new URL(server.ownerUrl);
    url.pathname = '/managed';

    await ensureAppRole(url.href, 'taken');

    expect(await rights()).toEqual(harmless);
  });
});
