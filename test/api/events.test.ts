import { describe, expect, test } from '@jest/globals';
import { createParser } from 'eventsource-parser';

import { createRunningHouse } from './running-house.ts';
import { problemIn } from './problem-body.ts';

interface ServerSentEvent {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data: string;
}

/** Parses a whole stream with another's parser. */
function parse(text: string): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}

const asStream = { accept: 'text/event-stream' };

describe('events as pages', () => {
  test('lead from page to page by number', async () => {
    const { house, id, path } = await createRunningHouse();
    house.append('a', id, {});
    house.append('a', id, {});

    const first = await (await house.request(`${path}/events?limit=2`)).json();
    const second = await (await house.request(`${path}/events?after=2&limit=2`)).json();

    expect(first).toMatchObject({
      items: [{ seq: 1 }, { seq: 2 }],
      next: 2,
      links: {
        self: `${path}/events?limit=2`,
        next: `${path}/events?limit=2&after=2`,
      },
    });
    expect(second).toMatchObject({ items: [{ seq: 3 }, { seq: 4 }], next: null });
    expect(second).toHaveProperty('links', { self: `${path}/events?after=2&limit=2` });
  });

  test.each(['after=-1', 'after=x', 'limit=0', 'limit=501', 'live=maybe', 'afer=1'])(
    'refuse the query %s',
    async (query) => {
      const { house, path } = await createRunningHouse();

      const response = await house.request(`${path}/events?${query}`);

      expect(response.status).toBe(422);
    },
  );
});

describe('events as a stream', () => {
  test('tell the whole run and end after the seal', async () => {
    const { house, id, path } = await createRunningHouse();

    const response = await house.request(`${path}/events`, { headers: asStream });
    const text = response.text();
    house.append('a', id, { data: { note: 'two\nlines' } });
    house.seal('a', id);

    const events = parse(await text);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(events.map(({ id: seq, event }) => [seq, event])).toEqual([
      ['1', 'conclave.collaboration.opened.v1'],
      ['2', 'conclave.round.opened.v1'],
      ['3', 'conclave.deadline.passed.v1'],
      ['4', 'conclave.decision.sealed.v1'],
      [undefined, 'end'],
    ]);
    expect(JSON.parse(events[2]?.data ?? '')).toMatchObject({
      seq: 3,
      data: { note: 'two\nlines' },
    });
  });

  test('go on after Last-Event-ID, which comes before the query', async () => {
    const { house, id, path } = await createRunningHouse();
    house.append('a', id, {});

    const response = await house.request(`${path}/events?after=0`, {
      headers: { ...asStream, 'last-event-id': '2' },
    });
    const text = response.text();
    house.seal('a', id);

    expect(parse(await text).map(({ id: seq }) => seq)).toEqual(['3', '4', undefined]);
  });

  test('answer 204 to a client that comes back after the end', async () => {
    const { house, id, path } = await createRunningHouse();
    house.seal('a', id);

    const response = await house.request(`${path}/events`, {
      headers: { ...asStream, 'last-event-id': '3' },
    });

    expect(response.status).toBe(204);
  });

  test('show an ended run again to a client that has seen nothing', async () => {
    const { house, id, path } = await createRunningHouse();
    house.seal('a', id);

    const response = await house.request(`${path}/events`, { headers: asStream });

    expect(parse(await response.text()).map(({ event }) => event)).toEqual([
      'conclave.collaboration.opened.v1',
      'conclave.round.opened.v1',
      'conclave.decision.sealed.v1',
      'end',
    ]);
  });

  test('follow a run from its end when asked for events beyond it', async () => {
    const { house, id, path } = await createRunningHouse();

    const response = await house.request(`${path}/events?after=99`, { headers: asStream });
    const text = response.text();
    house.seal('a', id);

    expect(parse(await text).map(({ id: seq }) => seq)).toEqual(['3', undefined]);
  });

  test('carry streaming text without ids', async () => {
    const { house, id, path } = await createRunningHouse();

    const response = await house.request(`${path}/events`, { headers: asStream });
    const text = response.text();
    await new Promise((resolve) => setImmediate(resolve));
    house.publishLive('a', id, '{"turn":"proposal-1-s1","seat":"s1","text":"Tabs"}');
    house.publishLive('a', id, 'something of another version');
    house.seal('a', id);

    const live = parse(await text).filter(({ event }) => event === 'live');
    expect(live).toEqual([
      {
        event: 'live',
        id: undefined,
        data: '{"turn":"proposal-1-s1","seat":"s1","text":"Tabs"}',
      },
    ]);
    expect(house.interest).toEqual([`a ${id}`]);
  });

  test('carry none with live=false, and ask the workers for none', async () => {
    const { house, id, path } = await createRunningHouse();

    const response = await house.request(`${path}/events?live=false`, { headers: asStream });
    const text = response.text();
    await new Promise((resolve) => setImmediate(resolve));
    house.publishLive('a', id, '{"turn":"t","seat":"s1","text":"Tabs"}');
    house.seal('a', id);

    expect(parse(await text).filter(({ event }) => event === 'live')).toEqual([]);
    expect(house.interest).toEqual([]);
  });

  test('end when the process is about to end', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/events`, { headers: asStream });
    const text = response.text();
    await new Promise((resolve) => setImmediate(resolve));
    house.app.stop();

    expect(parse(await text).map(({ event }) => event)).toEqual([
      'conclave.collaboration.opened.v1',
      'conclave.round.opened.v1',
    ]);
  });

  test('leave no watcher behind when only their head is asked for', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/events`, { method: 'HEAD', headers: asStream });

    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(house.app.hubs.watchers).toBe(0);
  });

  test('refuse a Last-Event-ID that is no number', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/events`, {
      headers: { ...asStream, 'last-event-id': 'x' },
    });

    expect((await problemIn(response)).errors[0]?.field).toBe('Last-Event-ID');
  });
});
