import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { sealedSample } from './sealed-sample.ts';
import { json, openStandInApi, runWith, type StandInApi } from './stand-in-api.ts';

const sample = sealedSample();

let api: StandInApi;

beforeEach(async () => {
  api = await openStandInApi();
});

afterEach(() => api.close());

describe('starting', () => {
  test('sends what was said and leaves the rest to the API', async () => {
    api.answer = json(202, { id: 'c_1', status: 'queued' });
    const material = join(api.folder, 'plan.md');
    await writeFile(material, '# Plan');
    const { code, printed } = await api.conclave(
      ...['debate', 'Which store?', '--option', 'Postgres', '--option', 'MySQL'],
      ...['--agent', 'gpt', '--agent', 'claude:critic+security:2', '--agent', 'kimi:pragmatist'],
      ...['--rounds', '3', '--budget-usd', '0.5', '--deadline', 'PT10M', '--material', material],
      ...['--protocol', 'plurality', '--no-stop-on-stability', '--persona', 'lawyer=Mind the law.'],
      ...['--idempotency-key', 'k1'],
    );

    expect(api.asked).toMatchObject([
      {
        method: 'POST',
        url: '/v1/collaborations',
        headers: { authorization: 'Bearer secret', 'idempotency-key': 'k1' },
      },
    ]);
    expect(api.asked[0]?.body).toEqual({
      pattern: 'debate',
      question: 'Which store?',
      options: ['Postgres', 'MySQL'],
      participants: [
        'gpt',
        { agent: 'claude', personas: ['critic', 'security'], weight: 2 },
        { agent: 'kimi', personas: ['pragmatist'] },
      ],
      rounds: 3,
      budget: { usd: 0.5 },
      deadline: 'PT10M',
      materials: [{ name: 'plan.md', text: '# Plan' }],
      protocol: { kind: 'plurality' },
      stopOnStability: false,
      personas: { lawyer: 'Mind the law.' },
    });
    expect(printed).toContain('c_1  queued');
    expect(code).toBe(0);
  });

  test('sends no more than the question where nothing else was said', async () => {
    api.answer = json(202, { id: 'c_1', status: 'queued' });
    await api.conclave('start', 'Which store?', '--pattern', 'consensus');

    expect(api.asked[0]?.body).toEqual({ pattern: 'consensus', question: 'Which store?' });
  });

  test('waits for the decision and shows it', async () => {
    api.answer = json(200, { id: 'c_1', status: 'completed', decision: sample.record.decision });
    const { printed } = await api.conclave('consensus', 'Which store?', '--wait', '30');

    expect(api.asked[0]?.headers['prefer']).toBe('wait=30');
    expect(printed).toContain('decided: Postgres');
    expect(printed).toContain('dissent of s3 agent-3: MySQL o2');
    expect(printed).toContain('cost: unknown tokens in');
  });

  test('shows an estimate and starts nothing', async () => {
    api.answer = json(200, { estimate: { calls: 15 } });
    const { printed } = await api.conclave('debate', 'Which store?', '--estimate');

    expect(api.asked.map((one) => one.url)).toEqual(['/v1/collaborations/estimate']);
    expect(JSON.parse(printed)).toEqual({ estimate: { calls: 15 } });
  });

  test.each([
    [['--protocol', 'dice'], '--protocol: got "dice", expected JSON or one of plurality'],
    [['--protocol', '{"kind":'], 'JSON that does not parse'],
    [['--rounds', 'many'], 'expected a number'],
    [['--agent', 'gpt:critic:heavy'], 'got "heavy", expected a number'],
    [['--agent', 'gpt:critic:2:x'], 'got "gpt:critic:2:x", expected agent[:persona'],
    [['--persona', 'lawyer'], 'expected name=instructions'],
    [['--material', '/not/there'], '/not/there: cannot be read'],
  ])('refuses %j before anything is sent', async (flags, message) => {
    const { code, noted } = await api.conclave('debate', 'Which store?', ...flags);

    expect(noted).toContain(message);
    expect({ code, asked: api.asked }).toEqual({ code: 2, asked: [] });
  });
});

describe('refusals', () => {
  test('are shown with field, what came and what was expected', async () => {
    api.answer = json(422, {
      code: 'input-invalid',
      title: 'Wrong shape.',
      detail: 'The request does not have the expected shape.',
      errors: [{ field: 'rounds', got: '0', expected: 'a whole number from 1 to 5' }],
    });
    const { code, noted } = await api.conclave('debate', 'Which store?', '--rounds', '0');

    expect(noted).toBe(
      'conclave: 422 input-invalid: The request does not have the expected shape.\n' +
        '  rounds: got 0, expected a whole number from 1 to 5',
    );
    expect(code).toBe(1);
  });

  test('of servers in between are shown as they are', async () => {
    api.answer = (_asked, response) => {
      response.writeHead(502);
      response.end('bad gateway');
    };
    const { code, noted } = await api.conclave('list');

    expect(noted).toBe('conclave: 502: bad gateway');
    expect(code).toBe(1);
  });

  test('to answer at all name the address', async () => {
    await api.close();
    const { code, noted } = await api.conclave('list');

    expect(noted).toContain(`${api.url} does not answer (ECONNREFUSED)`);
    expect(code).toBe(1);
  });
});

describe('the address and the key', () => {
  test('are found where a running stack left them', async () => {
    api.answer = json(200, { items: [] });
    await mkdir(join(api.folder, 'run'));
    await writeFile(join(api.folder, 'run', 'api.json'), JSON.stringify({ address: api.url }));
    await writeFile(join(api.folder, 'api-key'), 'local-key\n');
    const { printed } = await runWith({}, 'list', '--data', api.folder);

    expect(api.asked[0]?.headers.authorization).toBe('Bearer local-key');
    expect(printed).toBe('none yet');
  });

  test('come from the flags first', async () => {
    api.answer = json(200, { items: [] });
    await runWith(
      { CONCLAVE_URL: 'http://127.0.0.1:1', CONCLAVE_API_KEY: 'other' },
      ...['list', '--url', `${api.url}/`, '--key', 'flag-key'],
    );

    expect(api.asked[0]).toMatchObject({
      url: '/v1/collaborations?',
      headers: { authorization: 'Bearer flag-key' },
    });
  });

  test('are asked for when they are missing or wrong', async () => {
    const keyless = await runWith({ CONCLAVE_DATA: api.folder }, 'list');
    const wrong = await runWith({ CONCLAVE_API_KEY: 'k' }, 'list', '--url', 'ftp://x');

    expect(keyless).toMatchObject({ code: 2 });
    expect(keyless.noted).toContain('no API key');
    expect(wrong.noted).toContain('--url: got ftp://x');
  });
});

describe('reading', () => {
  test('lists collaborations as rows, or as the API gave them', async () => {
    const item = {
      id: 'c_1',
      pattern: 'debate',
      status: 'completed',
      question: 'Which store?',
      createdAt: '2026-11-21T09:00:00.000Z',
      simulated: true,
      decision: { kind: 'decided', answer: 'Postgres' },
    };
    api.answer = json(200, { items: [item], next: 'abc' });
    const rows = await api.conclave('list', '--status', 'completed', '--limit', '5');
    const raw = await api.conclave('list', '--json');

    expect(api.asked[0]?.url).toBe('/v1/collaborations?status=completed&limit=5');
    expect(rows.printed).toBe(
      'c_1  debate  completed  2026-11-21T09:00:00.000Z  Which store? -> Postgres [simulated]',
    );
    expect(rows.noted).toBe('more with --cursor abc');
    expect(JSON.parse(raw.printed)).toEqual({ items: [item], next: 'abc' });
  });

  test('saves a record byte for byte', async () => {
    const bytes = JSON.stringify(sample.record);
    api.answer = (_asked, response) => response.end(bytes);
    const path = join(api.folder, 'record.json');
    const { noted } = await api.conclave('record', 'c_1', '-o', path);

    expect(await readFile(path, 'utf8')).toBe(bytes);
    expect(noted).toContain(`${bytes.length} bytes`);
  });

  test('shows a record that says the same and steers no terminal', async () => {
    const record = { answer: 'Postgres\u009b2J\u001b[2J' };
    api.answer = (_asked, response) => response.end(JSON.stringify(record));
    const { printed } = await api.conclave('record', 'c_1');

    expect(JSON.parse(printed)).toEqual(record);
    expect(printed).not.toContain('\u009b');
  });

  test('gets the public keys', async () => {
    api.answer = json(200, { keys: [] });
    const { printed } = await api.conclave('keys');

    expect(api.asked[0]?.url).toBe('/v1/signing-keys');
    expect(JSON.parse(printed)).toEqual({ keys: [] });
  });

  test('asks for the transcript as Markdown, or as JSON', async () => {
    api.answer = (_asked, response) => response.end('# Debate\u001b[2J');
    const { printed } = await api.conclave('transcript', 'c_1');
    await api.conclave('transcript', 'c_1', '--json');

    expect(printed).toBe('# Debate\uFFFD[2J');
    expect(api.asked.map(({ headers }) => headers.accept)).toEqual([
      'text/markdown',
      'application/json',
    ]);
  });

  test('saves all pages of events so that they verify', async () => {
    api.answer = (one, response) => {
      const after = Number(new URL(one.url, api.url).searchParams.get('after'));
      const [items, next] =
        after === 0
          ? [Array.from({ length: 500 }, () => sample.events[0]), 500]
          : [sample.events, null];
      json(200, { items, next })(one, response);
    };
    const path = join(api.folder, 'events.jsonl');
    const { noted } = await api.conclave('events', 'c_1', '-o', path);

    expect(api.asked.map((one) => one.url)).toEqual([
      '/v1/collaborations/c_1/events?after=0&limit=500',
      '/v1/collaborations/c_1/events?after=500&limit=500',
    ]);
    expect(noted).toContain('513 events');
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(513);
  });

  test('shows events as lines', async () => {
    api.answer = json(200, { items: sample.events, next: null });
    const { printed } = await api.conclave('events', 'c_1');

    expect(printed).toContain(
      '   3  09:00:02.000Z  position.submitted: proposal-1-s1 Postgres: because Postgres',
    );
    expect(printed).toContain('message.added: by /users/ann, messageId m1');
    expect(printed).toContain('turn.cancelled: revision-2-s3');
    expect(printed).toContain('round.opened: round 1, phase proposal, seats s1 s2 s3');
    expect(printed).toContain('decision.reached: verdict kind=decided answer=o1');
  });

  test('shows agents and providers as columns', async () => {
    api.answer = json(200, {
      items: [{ name: 'gpt', provider: 'openai', model: 'm', personas: [] }],
    });
    const { printed } = await api.conclave('agents');
    api.answer = json(200, {
      items: [{ provider: 'openai', status: 'ok', breaker: 'closed', agents: ['gpt'], models: [] }],
    });
    const standing = await api.conclave('providers');
    api.answer = json(200, { items: [] });
    const none = await api.conclave('providers');

    expect(printed.split('\n')).toEqual([
      'name  provider  model  personas  simulated',
      'gpt   openai    m      []        -',
    ]);
    expect(standing.printed.split('\n')).toEqual([
      'provider  status  breaker  agents',
      'openai    ok      closed   ["gpt"]',
    ]);
    expect(none.printed).toBe('none');
  });
});

describe('steering', () => {
  test.each([
    [['pause', 'c_1'], 'pause', {}],
    [['resume', 'c_1'], 'resume', {}],
    [['cancel', 'c_1', '--reason', 'too dear'], 'cancel', { reason: 'too dear' }],
    [['cancel', 'c_1'], 'cancel', {}],
    [['close', 'c_1'], 'close', { scope: 'round' }],
    [['close', 'c_1', '--run'], 'close', { scope: 'run' }],
    [['message', 'c_1', 'Mind the licence.'], 'messages', { text: 'Mind the licence.' }],
    [['participant', 'c_1', 'gpt'], 'participants', { agent: 'gpt' }],
    [
      ['participant', 'c_1', 'gpt:critic:2'],
      'participants',
      { agent: 'gpt', personas: ['critic'], weight: 2 },
    ],
    [['budget', 'c_1', '--tokens', '60000'], 'budget', { tokens: 60_000 }],
  ])('sends %j', async (args, part, body) => {
    api.answer = json(200, { id: 'c_1', status: 'running' });
    const { printed } = await api.conclave(...args);

    expect(api.asked).toMatchObject([
      { method: 'POST', url: `/v1/collaborations/c_1/${part}`, body },
    ]);
    expect(printed).toBe('c_1  running');
  });
});
