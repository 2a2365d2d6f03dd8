import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { createHouse, decision, keys } from './fake-house.ts';
import { createRunningHouse } from './running-house.ts';
import { problemIn } from './problem-body.ts';

describe('a running collaboration', () => {
  test('shows its progress and budget, and no decision', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(path);

    expect(await response.json()).toMatchObject({
      status: 'running',
      question: 'Tabs or spaces?',
      options: ['tabs', 'spaces'],
      progress: { round: 1, rounds: 2, phase: 'proposal', turns: 0, events: 2 },
      budget: { limits: { tokens: null }, settled: { tokens: 0, usd: 0 } },
      decision: null,
    });
  });

  test.each(['decision', 'record'])('has no %s yet', async (part) => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/${part}`);

    expect(response.status).toBe(409);
    expect((await problemIn(response)).code).toBe('not-ended');
  });

  test('has a transcript as far as it is', async () => {
    const { house, path } = await createRunningHouse();

    const markdown = await house.request(`${path}/transcript`);
    const json = await house.request(`${path}/transcript`, {
      headers: { accept: 'application/json' },
    });

    expect(await markdown.text()).toContain('Tabs or spaces?');
    expect(await json.json()).toMatchObject({ question: 'Tabs or spaces?', decision: null });
  });
});

describe('a sealed collaboration', () => {
  test('shows its decision', async () => {
    const { house, id, path } = await createRunningHouse();
    house.seal('a', id);

    const alone = await (await house.request(`${path}/decision`)).json();
    const inside = await (await house.request(path)).json();

    expect(alone).toEqual(decision);
    expect(inside).toMatchObject({ status: 'completed', decision });
  });

  test('is marked as simulated when a fallback was, though its plan knew of none', async () => {
    const { house, id, path } = await createRunningHouse();
    const before = await (await house.request(path)).json();
    house.seal('a', id, { simulated: true });

    const shown = await (await house.request(path)).json();
    const listed = await (await house.request('/v1/collaborations')).json();

    expect(before).toMatchObject({ simulated: false });
    expect(shown).toMatchObject({ simulated: true });
    expect(listed).toMatchObject({ items: [{ simulated: true }] });
  });

  test('gives the very bytes of its record, with their hash', async () => {
    const { house, id, path } = await createRunningHouse();
    house.seal('a', id);

    const response = await house.request(`${path}/record`);
    const bytes = Buffer.from(await response.arrayBuffer());

    const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
    expect(response.headers.get('etag')).toBe(etag);
    expect(response.headers.get('content-type')).toBe('application/json');
    const again = await house.request(`${path}/record`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });

  test('gives its transcript as it was sealed', async () => {
    const { house, id, path } = await createRunningHouse();
    house.seal('a', id);

    const response = await house.request(`${path}/transcript`);

    expect(response.headers.get('content-type')).toBe('text/markdown');
    expect(await response.text()).toBe('# A debate\n');
  });
});

describe('artifacts', () => {
  test('come back as they were put, to their tenant alone', async () => {
    const house = createHouse();
    const bytes = new Uint8Array([0, 255, 1]);

    const put = await house.request('/v1/artifacts', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: bytes,
    });
    const { sha256 } = (await put.json()) as { sha256: string };
    const got = await house.request(`/v1/artifacts/${sha256}`);
    const others = await house.request(`/v1/artifacts/${sha256}`, { key: keys.b });

    expect(put.status).toBe(201);
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(got.headers.get('content-type')).toBe('image/png');
    expect(got.headers.get('cache-control')).toContain('immutable');
    expect(got.headers.get('x-content-type-options')).toBe('nosniff');
    expect(got.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
    expect(others.status).toBe(404);
  });

  test.each([
    ['no bytes', '', 'text/plain', 422],
    ['a malformed media type', 'x', 'text', 422],
    ['a form around them', '--a\r\n--a--\r\n', 'multipart/form-data; boundary=a', 415],
    ['more than 10 MiB', 'x'.repeat(10 * 1024 * 1024 + 1), 'text/plain', 413],
  ])('are refused with %s', async (_, body, mediaType, status) => {
    const house = createHouse();

    const response = await house.request('/v1/artifacts', {
      method: 'POST',
      headers: { 'content-type': mediaType },
      body,
    });

    expect(response.status).toBe(status);
    expect(house.artifacts.size).toBe(0);
  });

  test.each(['abc', '../../etc/passwd', 'A'.repeat(64)])('are not found by %j', async (name) => {
    const house = createHouse();

    const response = await house.request(`/v1/artifacts/${encodeURIComponent(name)}`);

    expect(response.status).toBe(404);
  });
});
