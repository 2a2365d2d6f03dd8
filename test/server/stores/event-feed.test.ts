import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { createDatabase } from '../../../infra/database/connection.ts';
import { createEventFeed, livePayloadBytesMax } from '../../../infra/database/event-feed.ts';
import type { EventFeed } from '../../../infra/database/event-feed.ts';
import { beginOf, closingOf, eventNamed, newRun, openFixture, proposal } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;
let feed: EventFeed;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

beforeEach(async () => {
  feed = createEventFeed({ database: fixture.pool });
  // The first hint says that the feed hears.
  const hearing = next();
  const unwatch = feed.watch('one', 'any', hearing.tell);
  await hearing.told;
  unwatch();
});

afterEach(() => feed.close());

/** A gate that opens when it is told something. */
function next<T = void>(): { told: Promise<T>; tell: (value: T) => void } {
  let tell: (value: T) => void = () => undefined;
  const told = new Promise<T>((resolve) => {
    tell = resolve;
  });
  return { told, tell };
}

const append = (stream: string, ids: readonly string[], tenantId = 'one') =>
  fixture.stores.ledger.append({ tenantId, stream, events: ids.map((id) => eventNamed(id)) });

describe('event feed', () => {
  test('hints once per batch at those who watch the stream, and at nobody else', async () => {
    const hints: string[] = [];
    const last = next();
    feed.watch('one', 'seen', () => hints.push('seen'));
    feed.watch('two', 'seen', () => hints.push('other tenant'));
    feed.watch('one', 'other', () => hints.push('other stream'));
    feed.watch('one', 'end', last.tell);

    await append('seen', ['a', 'b', 'c']);
    await append('end', ['a']);
    await last.told;

    expect(hints).toEqual(['seen']);
  });

  test('an append that adds nothing hints at nobody', async () => {
    const first = next();
    const unwatch = feed.watch('one', 'repeated', first.tell);
    await append('repeated', ['a']);
    await first.told;
    unwatch();
    const hints: string[] = [];
    const last = next();
    feed.watch('one', 'repeated', () => hints.push('again'));
    feed.watch('one', 'repeated-end', last.tell);

    await append('repeated', ['a']);
    await append('repeated-end', ['a']);
    await last.told;

    expect(hints).toEqual([]);
  });

  test('two watches with one callback are two, and each ends by itself', async () => {
    let hints = 0;
    const onHint = (): void => {
      hints += 1;
    };
    const first = feed.watch('one', 'double', onHint);
    feed.watch('one', 'double', onHint);
    first();
    first();
    const last = next();
    feed.watch('one', 'double', last.tell);

    await append('double', ['a']);
    await last.told;

    expect(hints).toBe(1);
  });

  test('watchers get a hint when a lost connection was made anew', async () => {
    const hint = next();
    feed.watch('one', 'lost', hint.tell);

    await fixture.owner.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'test-stores' and query ilike 'listen%'`;
    await hint.told;

    const after = next();
    feed.watch('one', 'lost', after.tell);
    await append('lost', ['a']);
    await expect(after.told).resolves.toBeUndefined();
  });

  test('names the running calls that a closing pass cancels', async () => {
    const { collaborations, turns } = fixture.stores;
    await collaborations.create(newRun('run'));
    for (const seat of ['s1', 's2']) await turns.begin(beginOf('run', proposal(seat)));
    const heard = next<unknown>();
    feed.watchCancelled(heard.tell);

    await turns.recordFacts(closingOf('run', ['proposal-1-s1', 'proposal-1-s2', 'proposal-1-s3']));

    expect(await heard.told).toEqual({
      tenantId: 'one',
      collaborationId: 'run',
      turns: ['proposal-1-s1', 'proposal-1-s2'],
    });
  });

  test('carries live text to watchers in every process, whatever is in it', async () => {
    const otherPool = createDatabase({
      url: fixture.database.appUrl,
      connectionsMax: 1,
      applicationName: 'test-other',
    });
    const other = createEventFeed({ database: otherPool });
    const hearing = next();
    other.watch('one', 'any', hearing.tell);
    await hearing.told;
    const [here, there] = [next<string>(), next<string>()];
    feed.watchLive('one', 'talk', here.tell);
    other.watchLive('one', 'talk', there.tell);
    const payload = '{"text": "two  spaces,\nlines, \'quotes\' and 😀"}';

    await feed.publishLive('one', 'talk', payload);

    expect([await here.told, await there.told]).toEqual([payload, payload]);
    await other.close();
    await otherPool.close();
  });

  test('live text for one tenant is not heard by the other', async () => {
    const heard: string[] = [];
    const last = next<string>();
    feed.watchLive('two', 'talk', (payload) => heard.push(payload));
    feed.watchLive('one', 'talk', last.tell);

    await feed.publishLive('one', 'talk', 'secret');
    await last.told;

    expect(heard).toEqual([]);
  });

  test('takes the largest payload and refuses a larger one', async () => {
    const largest = 'x'.repeat(livePayloadBytesMax);
    const heard = next<string>();
    feed.watchLive('one', 'large', heard.tell);

    await feed.publishLive('one', 'large', largest);

    expect(await heard.told).toBe(largest);
    await expect(feed.publishLive('one', 'large', `${largest}x`)).rejects.toThrow(
      /got 7169 bytes, expected at most 7168/,
    );
  });
});
