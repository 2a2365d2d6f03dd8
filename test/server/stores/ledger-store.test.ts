import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { emptyHead, sealEvent, verifyChain } from '../../../domain/ledger/chain.ts';
import { eventForm } from '../../../infra/stores/event-form.ts';
import type { Database } from '../../../infra/database/connection.ts';
import { createGroupCommit, performWithin } from '../../../infra/stores/group-commit.ts';
import { createLedgerStore } from '../../../infra/stores/ledger-store.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { eventNamed, openFixture, sha256 } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** Counts what is asked of a database in transactions. */
function countingDatabase(pool: Database): { database: Database; queries: () => number } {
  let queries = 0;
  const withTenant: Database['withTenant'] = async (tenantId, work) =>
    await pool.withTenant(tenantId, async (sql) => {
      const counted = new Proxy(sql, {
        apply: (target, self, texts) => {
          queries += 1;
          return Reflect.apply(target, self, texts) as unknown;
        },
      });
      return await work(counted);
    });
  return { database: { ...pool, withTenant }, queries: () => queries };
}

describe('append', () => {
  test('numbers events without gaps and chains them so that the domain verifies them', async () => {
    const { ledger } = fixture.stores;

    const appended = await ledger.append({
      tenantId: 'one',
      stream: 'chained',
      events: [eventNamed('a'), eventNamed('b')],
    });
    appended.push(
      ...(await ledger.append({
        tenantId: 'one',
        stream: 'chained',
        events: [eventNamed('c', { text: 'ünïcode \u2028 and "quotes" \\ and \u0000 and 😀' })],
      })),
    );

    expect(appended.map((event) => event.seq)).toEqual([1, 2, 3]);
    expect(verifyChain(appended, sha256)).toEqual({
      ok: true,
      head: await ledger.head({ tenantId: 'one', stream: 'chained' }),
    });
    expect(await ledger.readUpTo({ tenantId: 'one', stream: 'chained' })).toEqual(appended);
  });

  test('hashes whatever JSON an event holds exactly as the domain does', async () => {
    const { ledger } = fixture.stores;
    let run = 0;

    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
          fc.jsonValue({ stringUnit: 'binary' }),
        ),
        fc.string({ unit: 'grapheme' }),
        async (data, id) => {
          const stream = `property-${String((run += 1))}`;
          const plain = JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
          const event = { ...eventNamed(`e/${id}`.replaceAll('\0', '')), data: plain };

          const [stored] = await ledger.append({ tenantId: 'one', stream, events: [event] });

          const place = { stream, seq: 1, previousHash: emptyHead.hash };
          expect(stored).toEqual(sealEvent(event, place, sha256));
          expect(await ledger.readUpTo({ tenantId: 'one', stream })).toEqual([stored]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('answers an event that exists as it was stored first', async () => {
    const { ledger } = fixture.stores;
    const at = { tenantId: 'one', stream: 'repeated' };
    const first = await ledger.append({ ...at, events: [eventNamed('a', { said: 'first' })] });

    const again = await ledger.append({
      ...at,
      events: [eventNamed('a', { said: 'second' }), eventNamed('b')],
    });

    expect(again[0]).toEqual(first[0]);
    expect(again.map((event) => event.seq)).toEqual([1, 2]);
    expect(verifyChain(again, sha256).ok).toBe(true);
  });

  test('stays gapless when many append to few streams at once', async () => {
    const { ledger } = fixture.stores;
    const streams = Array.from({ length: 20 }, (_, index) => `busy-${String(index)}`);

    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ledger.append({
          tenantId: 'one',
          stream: streams[index % streams.length] ?? '',
          events: [eventNamed(`e-${String(index)}`), eventNamed(`f-${String(index)}`)],
        }),
      ),
    );

    for (const stream of streams) {
      const events = await ledger.readUpTo({ tenantId: 'one', stream });
      expect(events).toHaveLength(20);
      expect(verifyChain(events, sha256).ok).toBe(true);
    }
  });

  test('refuses a time that would not come back as it was hashed', async () => {
    const event = { ...eventNamed('late'), time: '2026-03-01T10:00:00Z' };

    const appending = fixture.stores.ledger.append({
      tenantId: 'one',
      stream: 'times',
      events: [event],
    });

    await expect(appending).rejects.toThrow(/expected UTC with milliseconds/);
  });

  test('a bad member does not fail those that arrive with it', async () => {
    const { ledger } = fixture.stores;
    const bad = { ...eventNamed('bad'), subject: 'no \0 in text' };

    const [good, failed, other] = await Promise.allSettled([
      ledger.append({ tenantId: 'one', stream: 'mates-1', events: [eventNamed('good')] }),
      ledger.append({ tenantId: 'one', stream: 'mates-2', events: [bad] }),
      ledger.append({ tenantId: 'one', stream: 'mates-3', events: [eventNamed('other')] }),
    ]);

    expect([good.status, failed.status, other.status]).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await ledger.head({ tenantId: 'one', stream: 'mates-2' })).toEqual(emptyHead);
  });

  test('writes what arrives together in one transaction', async () => {
    const { ledger } = fixture.stores;
    const streams = Array.from({ length: 20 }, (_, index) => `together-${String(index)}`);

    await Promise.all(
      streams.map((stream) =>
        ledger.append({ tenantId: 'one', stream, events: [eventNamed('only')] }),
      ),
    );

    const rows = await fixture.owner.sql`
      select distinct xmin::text from conclave.events where stream_id like 'together-%'`;
    expect(rows).toHaveLength(1);
  });
});

describe('an append before the end', () => {
  const end = 'end';

  test('appends what is new, and answers what is there', async () => {
    const { ledger } = fixture.stores;
    const at = { tenantId: 'one', stream: 'open' };
    await ledger.append({ ...at, events: [eventNamed('a')] });

    const appended = await ledger.appendBefore({ ...at, end, event: eventNamed('b') });
    const again = await ledger.appendBefore({
      ...at,
      end,
      event: eventNamed('b', { said: 'other' }),
    });

    const events = await ledger.readUpTo(at);
    expect(events.map(({ id }) => id)).toEqual(['a', 'b']);
    expect([appended, again]).toEqual([events[1], events[1]]);
    expect(verifyChain(events, sha256).ok).toBe(true);
  });

  test('answers the end where that came first', async () => {
    const { ledger } = fixture.stores;
    const at = { tenantId: 'one', stream: 'over' };
    const [ended] = await ledger.append({ ...at, events: [eventNamed(end)] });

    const answered = await ledger.appendBefore({ ...at, end, event: eventNamed('late') });

    expect(answered).toEqual(ended);
    expect(await ledger.readUpTo(at)).toEqual([ended]);
  });

  test('asks for the head, the end and the event, and for nothing that it knows itself', async () => {
    const { database, queries } = countingDatabase(fixture.pool);
    const ledger = createLedgerStore({ database, groupCommit: createGroupCommit({ database }) });

    await ledger.appendBefore({
      ...{ tenantId: 'one', stream: 'counted' },
      ...{ end, event: eventNamed('a') },
    });

    expect(queries()).toBe(3);
  });

  test('waits for an end that is under way', async () => {
    const { ledger } = fixture.stores;
    const at = { tenantId: 'one', stream: 'ending' };
    await ledger.append({ ...at, events: [eventNamed('begun')] });
    const waiters = async (): Promise<number> => {
      const rows = await fixture.owner.sql`
        select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      return rows.length;
    };

    const late = await fixture.pool.withTenant('one', async (sql) => {
      const ev = [eventForm(eventNamed(end), at.stream)];
      await performWithin(sql, 'one', { k: 'append', s: at.stream, ev });
      const answered = ledger.appendBefore({ ...at, end, event: eventNamed('late') });
      await untilSeen(waiters, (count) => count > 0);
      return { answered };
    });

    expect((await late.answered).id).toBe(end);
    expect((await ledger.readUpTo(at)).map(({ id }) => id)).toEqual(['begun', end]);
  });
});

describe('read', () => {
  test('goes on after a number and stops at the limit', async () => {
    const { ledger } = fixture.stores;
    const at = { tenantId: 'one', stream: 'paged' };
    await ledger.append({ ...at, events: ['a', 'b', 'c', 'd'].map((id) => eventNamed(id)) });

    const page = await ledger.read({ ...at, afterSeq: 1, limit: 2 });

    expect(page.map((event) => event.id)).toEqual(['b', 'c']);
    expect(await ledger.readUpTo({ ...at, seq: 3 })).toHaveLength(3);
  });

  test('shows nothing of another tenant, and its streams have their own numbers', async () => {
    const { ledger } = fixture.stores;
    const events = [eventNamed('a')];
    await ledger.append({ tenantId: 'one', stream: 'private', events });

    expect(await ledger.readUpTo({ tenantId: 'two', stream: 'private' })).toEqual([]);
    expect(await ledger.head({ tenantId: 'two', stream: 'private' })).toEqual(emptyHead);
    const [theirs] = await ledger.append({ tenantId: 'two', stream: 'private', events });
    expect(theirs?.seq).toBe(1);
  });

  test('two tenants write at once without seeing each other', async () => {
    const { ledger } = fixture.stores;
    const tenants = ['one', 'two'];

    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        ledger.append({
          tenantId: tenants[index % 2] ?? '',
          stream: 'in-flight',
          events: [eventNamed(`e-${String(index)}`)],
        }),
      ),
    );

    for (const [place, tenantId] of tenants.entries()) {
      const events = await ledger.readUpTo({ tenantId, stream: 'in-flight' });
      expect(events).toHaveLength(30);
      expect(events.every((event) => Number(event.id.slice(2)) % 2 === place)).toBe(true);
      expect(verifyChain(events, sha256).ok).toBe(true);
    }
  });
});
