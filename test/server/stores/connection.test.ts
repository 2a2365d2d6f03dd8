import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createDatabase } from '../../../infra/database/connection.ts';
import type { Database } from '../../../infra/database/connection.ts';
import { freshDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';

const STATEMENT_MS = 100;

let fresh: TestDatabase;
let database: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  database = createDatabase({
    url: fresh.appUrl,
    connectionsMax: 2,
    applicationName: 'test-connection',
    statementTimeoutMs: STATEMENT_MS,
  });
});

afterAll(async () => {
  await database.close();
  await fresh.drop();
});

describe('a pool', () => {
  test('waits no longer for a lock than it was told to, and works on', async () => {
    const key = 1;
    let [isHeld, giveBack] = [(): void => undefined, (): void => undefined];
    const held = new Promise<void>((resolve) => (isHeld = resolve));
    const released = new Promise<void>((resolve) => (giveBack = resolve));
    const patient = createDatabase({
      url: fresh.appUrl,
      connectionsMax: 1,
      applicationName: 'test-holder',
    });
    const holder = patient.withTenant('one', async (sql) => {
      await sql`select pg_advisory_xact_lock(${key})`;
      isHeld();
      await released;
    });
    await held;

    await expect(database.sql`select pg_advisory_xact_lock(${key})`).rejects.toMatchObject({
      code: '57014',
    });

    giveBack();
    await holder;
    await patient.close();
    expect(await database.sql`select 1 as one`).toMatchObject([{ one: 1 }]);
  });

  test('gives up half a minute after the last word, unless told otherwise', async () => {
    const usual = createDatabase({
      url: fresh.appUrl,
      connectionsMax: 1,
      applicationName: 'test-usual',
    });

    const settings = await usual.sql`
      select current_setting('statement_timeout') as statement,
        current_setting('idle_in_transaction_session_timeout') as silence`;
    await usual.close();

    expect(settings).toMatchObject([{ statement: '30s', silence: '30s' }]);
  });
});
