import { describe, expect, test } from '@jest/globals';

import { createSandboxKeeper } from '../../api/sandbox/sandbox-keeper.ts';
import { createHouse, keys } from './fake-house.ts';
import { problemIn } from './problem-body.ts';
import { endsWith, happens, longAgoMs, path, snippet, started } from './sandbox-house.ts';

describe('a start', () => {
  test('is kept whole as an artifact, recorded without a word of it, and handed to Temporal', async () => {
    const house = createHouse();

    const response = await house.post(path, { ...snippet, seed: 'mine' });

    const { id, status, links } = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`${path}/${String(id)}`);
    expect({ status, links }).toEqual({
      status: 'queued',
      links: {
        self: `${path}/${String(id)}`,
        events: `${path}/${String(id)}/events`,
        cancel: `${path}/${String(id)}/cancel`,
      },
    });
    expect(house.sandboxStarted).toEqual([
      { tenantId: 'a', runId: id, lane: 'javascript', timeMs: 10_000 },
    ]);
    const events = house.streams.get(`a/${String(id)}`);
    expect(events?.map(({ type }) => type)).toEqual(['conclave.sandbox.requested.v1']);
    expect(JSON.stringify(events)).not.toContain('6 * 7');
    const [kept] = [...house.artifacts.values()].map(({ bytes }) => Buffer.from(bytes).toString());
    expect(JSON.parse(kept ?? '')).toMatchObject({ ...snippet, seed: 'mine' });
  });

  test('draws a seed where none is named', async () => {
    const house = createHouse();

    await started(house);
    await started(house);

    const seeds = [...house.streams.values()].map(([first]) => first?.data['seed']);
    expect(new Set(seeds).size).toBe(2);
  });

  test('is accepted while Temporal is away, and handed over by whoever looks after it', async () => {
    const house = createHouse();
    house.isEngineAway = true;
    const id = await started(house);
    house.isEngineAway = false;
    house.nowMs += longAgoMs;

    const keeper = createSandboxKeeper(house.deps);
    await keeper.runOnce();
    await keeper.stop();

    expect(house.sandboxStarted.map(({ runId }) => runId)).toEqual([id]);
  });

  test('under a key is the same run again', async () => {
    const house = createHouse();
    const headers = { 'idempotency-key': 'k' };

    const first = await house.post(path, snippet, headers);
    const second = await house.post(path, snippet, headers);

    expect(await second.json()).toEqual(await first.json());
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(house.streams.size).toBe(1);
  });

  test('under a key that did something else is refused', async () => {
    const house = createHouse();
    const headers = { 'idempotency-key': 'k' };
    await house.post(path, snippet, headers);

    const problem = await problemIn(await house.post(path, { ...snippet, seed: 'x' }, headers));

    expect([problem.status, problem.code]).toEqual([422, 'idempotency-key-reused']);
    expect(house.sandboxStarted).toHaveLength(1);
  });

  test('under one key of two tenants is two runs', async () => {
    const house = createHouse();
    const deps = house.deps as { tenants: typeof house.deps.tenants };
    deps.tenants = { ...house.deps.tenants, mayRunCode: () => Promise.resolve(true) };
    const init = { method: 'POST', body: JSON.stringify(snippet) };
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };

    const answers = await Promise.all(
      [keys.a, keys.b].map(async (key) => await house.request(path, { ...init, headers, key })),
    );

    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(house.streams.size).toBe(2);
  });

  test('of a tenant that was not granted it is refused, and leaves no trace', async () => {
    const house = createHouse();

    const problem = await problemIn(
      await house.request(path, {
        method: 'POST',
        body: JSON.stringify(snippet),
        headers: { 'content-type': 'application/json' },
        key: keys.b,
      }),
    );

    expect([problem.status, problem.code]).toEqual([403, 'not-permitted']);
    expect([house.streams.size, house.artifacts.size]).toEqual([0, 0]);
  });

  test.each([
    ['code', { lane: 'javascript' }],
    ['lane', { code: 'x' }],
    ['limits.timeMs', { ...snippet, limits: { timeMs: 0 } }],
    [
      'grants[0].folder',
      { lane: 'command', argv: ['x'], grants: [{ folder: 'etc', path: '/e', mode: 'read' }] },
    ],
    [
      'grants[0].mode',
      { lane: 'command', argv: ['x'], grants: [{ folder: 'sources', path: '/e', mode: 'write' }] },
    ],
    [
      'grants[0].host',
      { lane: 'command', argv: ['x'], grants: [{ host: '/etc', path: '/e', mode: 'read' }] },
    ],
  ])('is refused by its field %s, and leaves no trace', async (field, body) => {
    const house = createHouse();

    const problem = await problemIn(await house.post(path, body));

    expect([problem.status, problem.code]).toEqual([422, 'input-invalid']);
    expect(problem.errors.map((fault) => fault.field)).toContain(field);
    expect([house.streams.size, house.artifacts.size]).toEqual([0, 0]);
  });

  test.each([
    ['', 400, 'body-malformed'],
    ['{"lane":', 400, 'body-malformed'],
  ])('with the body %j is refused', async (body, status, code) => {
    expect(await problemIn(await createHouse().post(path, body))).toMatchObject({ status, code });
  });

  test('that waits is answered the result as soon as there is one', async () => {
    const house = createHouse();
    const key = { 'idempotency-key': 'k' };
    await house.post(path, snippet, key);
    const id = house.sandboxStarted[0]?.runId ?? '';
    const answer = house.post(path, snippet, { ...key, prefer: 'wait=30' });
    await endsWith(house, id, { value: '42', stdout: 'said\n' });

    const response = await answer;

    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=30');
    expect(await response.json()).toMatchObject({
      id,
      status: 'ok',
      result: { value: '42', stdout: 'said\n', stderr: '', diff: null, files: [] },
    });
  });
});

describe('a run', () => {
  test('is shown with what it was asked for, and text that is short in place', async () => {
    const house = createHouse();
    const id = await started(house);
    happens(house, id, { type: 'sandbox.started', attempt: 1, worker: 'w1' });
    const running: unknown = await (await house.request(`${path}/${id}`)).json();
    await endsWith(house, id, { stdout: 'x'.repeat(65_537) });

    const run = (await (await house.request(`${path}/${id}`)).json()) as {
      result: { stdout: unknown };
    };

    expect(running).toMatchObject({ status: 'running', attempts: 1, result: null });
    expect(run).toMatchObject({ status: 'ok', limits: { timeMs: 10_000 }, grants: [] });
    expect(run.result.stdout).toEqual({
      artifact: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: 65_537,
    });
  });

  test.each(['r_1', 'c_01kajqpm9fh3gd8vmxq5ze2rtw', 'r_01kajqpm9fh3gd8vmxq5ze2rtw'])(
    'that is none is not found: %s',
    async (id) => {
      const house = createHouse();

      const responses = [
        await house.request(`${path}/${id}`),
        await house.request(`${path}/${id}/events`),
        await house.post(`${path}/${id}/cancel`, {}),
      ];

      expect(responses.map(({ status }) => status)).toEqual([404, 404, 404]);
    },
  );

  test('of another tenant is not found', async () => {
    const house = createHouse();
    const id = await started(house);

    const paths = [`${path}/${id}`, `${path}/${id}/events`];
    const responses = await Promise.all(
      paths.map(async (each) => await house.request(each, { key: keys.b })),
    );
    const list: unknown = await (await house.request(path, { key: keys.b })).json();

    expect(responses.map(({ status }) => status)).toEqual([404, 404]);
    expect(list).toMatchObject({ items: [] });
  });

  test('is listed by pages, newest first, by lane and by status', async () => {
    const house = createHouse();
    const ids: string[] = [];
    for (const lane of ['javascript', 'python', 'javascript']) {
      house.nowMs += 1;
      ids.unshift(await started(house, { lane, code: 'x' }));
    }
    await endsWith(house, ids[1] ?? '');

    const list = async (query: string) =>
      (await (await house.request(`${path}?${query}`)).json()) as {
        items: { id: string }[];
        next: string | null;
      };
    const first = await list('limit=2');
    const second = await list(`limit=2&cursor=${first.next ?? ''}`);

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeNull();
    expect((await list('lane=python')).items.map(({ id }) => id)).toEqual([ids[1]]);
    expect((await list('status=ok')).items.map(({ id }) => id)).toEqual([ids[1]]);
  });

  test.each(['cursor=x', 'status=done', 'lane=perl', 'limit=0', 'limit=201', 'page=2'])(
    'is not listed by %s',
    async (query) => {
      expect((await createHouse().request(`${path}?${query}`)).status).toBeGreaterThanOrEqual(400);
    },
  );
});

describe('the events of a run', () => {
  test('are a page, or a stream that ends with the run', async () => {
    const house = createHouse();
    const id = await started(house);
    const stream = await house.request(`${path}/${id}/events`, {
      headers: { accept: 'text/event-stream' },
    });
    const text = stream.text();
    await endsWith(house, id);

    const page: unknown = await (await house.request(`${path}/${id}/events?after=1`)).json();

    expect(page).toMatchObject({ items: [{ type: 'conclave.sandbox.ended.v1' }], next: null });
    expect([...(await text).matchAll(/^event: ?(.+)$/gm)].map(([, event]) => event)).toEqual([
      'conclave.sandbox.requested.v1',
      'conclave.sandbox.ended.v1',
      'end',
    ]);
  });

  test('are over where a stream goes on after the last one', async () => {
    const house = createHouse();
    const id = await started(house);
    await endsWith(house, id);

    const headers = { accept: 'text/event-stream', 'last-event-id': '2' };

    expect((await house.request(`${path}/${id}/events`, { headers })).status).toBe(204);
  });
});

describe('a cancellation', () => {
  test('is recorded once, with its reason, and told to Temporal', async () => {
    const house = createHouse();
    const id = await started(house);

    const first = await house.post(`${path}/${id}/cancel`, { reason: 'enough' });
    const second = await house.post(`${path}/${id}/cancel`, { reason: 'again' });

    expect([first.status, second.status]).toEqual([202, 202]);
    const cancelled = house.streams.get(`a/${id}`)?.slice(1);
    expect(cancelled).toMatchObject([
      { type: 'conclave.sandbox.cancelled.v1', source: '/users/a', data: { reason: 'enough' } },
    ]);
    expect(house.sandboxCancelled).toEqual([id, id]);
  });

  test('needs no body, and holds while Temporal is away', async () => {
    const house = createHouse();
    const id = await started(house);
    house.isEngineAway = true;

    const response = await house.request(`${path}/${id}/cancel`, { method: 'POST' });

    expect(response.status).toBe(202);
    expect(house.streams.get(`a/${id}`)).toHaveLength(2);
  });

  test('of a run that has ended is refused', async () => {
    const house = createHouse();
    const id = await started(house);
    await endsWith(house, id);

    const problem = await problemIn(await house.post(`${path}/${id}/cancel`, {}));

    expect([problem.status, problem.code]).toEqual([409, 'run-ended']);
  });

  test('that meets the end is refused, and not recorded', async () => {
    const house = createHouse();
    const id = await started(house);
    const deps = house.deps as { sandboxRuns: typeof house.deps.sandboxRuns };
    const found = await deps.sandboxRuns.get('a', id);
    deps.sandboxRuns = { ...house.deps.sandboxRuns, get: () => Promise.resolve(found) };
    await endsWith(house, id);

    const problem = await problemIn(await house.post(`${path}/${id}/cancel`, {}));

    expect([problem.status, problem.code]).toEqual([409, 'run-ended']);
    expect(problem.detail).toBe(`${id} has ended: ok.`);
    expect(house.streams.get(`a/${id}`)).toHaveLength(2);
    expect(house.sandboxCancelled).toEqual([]);
  });

  test.each([{ reason: 7 }, { reason: 'x'.repeat(1001) }, { why: 'x' }])(
    'is refused with the body %j',
    async (body) => {
      const house = createHouse();
      const id = await started(house);

      expect((await house.post(`${path}/${id}/cancel`, body)).status).toBe(422);
      expect(house.streams.get(`a/${id}`)).toHaveLength(1);
    },
  );
});
