import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { createDatabase } from '../../../infra/database/connection.ts';
import type { Database } from '../../../infra/database/connection.ts';
import { openCuttingProxy } from '../../support/cutting-proxy.ts';
import type { Cut, CuttingProxy } from '../../support/cutting-proxy.ts';
import { freshDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';

/** Moments of a transaction at which its connection goes: pieces that the server still sends. */
const MOMENTS = Array.from({ length: 24 }, (_, index) => index + 1);
const AT_ONCE = 6;
const SWEEP_WITHIN_MS = 60_000;

let fresh: TestDatabase;
let proxy: CuttingProxy;
/** Goes through the proxy. */
let database: Database;
let direct: Database;

beforeAll(async () => {
  fresh = await freshDatabase();
  direct = createDatabase({ url: fresh.appUrl, connectionsMax: 1, applicationName: 'test-direct' });
});

afterAll(async () => {
  await direct.close();
  await fresh.drop();
});

beforeEach(async () => {
  const url = new URL(fresh.appUrl);
  proxy = await openCuttingProxy(Number(url.port));
  url.port = String(proxy.port);
  database = createDatabase({
    url: url.href,
    connectionsMax: 2,
    applicationName: 'test-broken',
  });
});

afterEach(async () => {
  await database.close();
  await proxy.close();
});

/** One transaction of two statements, which says whose it is and what it read. */
const transact = async (name: string) =>
  await database.withTenant(name, async (sql) => {
    await sql`select ${name} as first`;
    const rows = await sql<{ tenant: string; name: string }[]>`
      select current_setting('conclave.tenant') as tenant, ${name} as name from generate_series(1, 3)`;
    return rows.map(({ tenant, name: named }) => `${tenant} ${named}`);
  });

async function sweep(how: Cut): Promise<readonly (readonly string[])[]> {
  const read = [];
  for (const moment of MOMENTS) {
    proxy.cutAfter(moment, how);
    const names = Array.from(
      { length: AT_ONCE },
      (_, index) => `${String(moment)}-${String(index)}`,
    );
    read.push(...(await Promise.all(names.map(transact))));
  }
  return read;
}

describe('transactions whose connections are lost at any moment', () => {
  test.each<Cut>(['reset', 'end'])(
    'all come to their end, and each has read its own, when connections go with %s',
    async (how) => {
      const names = MOMENTS.flatMap((moment) =>
        Array.from({ length: AT_ONCE }, (_, index) => `${String(moment)}-${String(index)}`),
      );

      const read = await sweep(how);

      expect(read).toEqual(names.map((name) => Array.from({ length: 3 }, () => `${name} ${name}`)));
    },
    SWEEP_WITHIN_MS,
  );

  test('send nothing more once theirs is lost', async () => {
    const late = gate<unknown>();
    let tries = 0;
    await database.withTenant('one', async (sql) => {
      tries += 1;
      if (tries > 1) return;
      await sql`select 1`;
      proxy.refuse(0);
      await transact('other'); // on a new connection: the pool knows that the old one is gone
      late.open(await sql`select 2`.then(() => 'was sent', errorCode));
    });

    expect(await late.opened).toBe('CONNECTION_CLOSED');
  });
});

function errorCode(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

describe('a pool that listens', () => {
  test('hears every channel again after tries that failed', async () => {
    const channels = ['first', 'second', 'third'];
    const isBack = channels.map(() => gate());
    const heard = channels.map(() => gate<string>());
    const times = new Map<string, number>();
    await Promise.all(
      channels.map(async (channel, index) => {
        await database.listen(
          channel,
          (payload) => heard[index]?.open(payload),
          () => {
            times.set(channel, (times.get(channel) ?? 0) + 1);
            if (times.get(channel) === 2) isBack[index]?.open();
          },
        );
      }),
    );

    proxy.refuse(3);
    await Promise.all(isBack.map(async ({ opened }) => opened));
    for (const channel of channels) await direct.sql`select pg_notify(${channel}, ${channel})`;

    expect(await Promise.all(heard.map(async ({ opened }) => opened))).toEqual(channels);
  });
});

function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}
