import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { listening, sealedSample } from './sealed-sample.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

type Answer = (asked: Asked, response: ServerResponse) => void;

const sample = sealedSample();
const seal = {
  ...sample.events[0],
  type: 'conclave.decision.sealed.v1',
  seq: 14,
  data: { content: { record: 'r' } },
} as LedgerEvent;

let server: Server;
let url: string;
let asked: Asked[];
let answer: Answer;
let folder: string;

beforeEach(async () => {
  asked = [];
  answer = json(200, {});
  folder = await mkdtemp(join(tmpdir(), 'conclave-cli-'));
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
      };
      asked.push(seen);
      answer(seen, response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await rm(folder, { recursive: true, force: true });
});

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

function json(status: number, body: unknown): Answer {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

interface Ended {
  readonly code: number;
  readonly printed: string;
  readonly noted: string;
}

async function conclave(...args: readonly string[]): Promise<Ended> {
  const { surroundings, printed, noted } = listening({
    CONCLAVE_URL: url,
    CONCLAVE_API_KEY: 'secret',
    CONCLAVE_DATA: folder,
  });
  const code = await runCommandLine(args, surroundings);
  return { code, printed: printed.join('\n'), noted: noted.join('\n') };
}

describe('starting', () => {
  test('sends what was said and leaves the rest to the API', async () => {
    answer = json(202, { id: 'c_1', status: 'queued' });
    const material = join(folder, 'plan.md');
    await writeFile(material, '# Plan');
    const { code, printed } = await conclave(
      ...['debate', 'Which store?', '--option', 'Postgres', '--option', 'MySQL'],
      ...['--agent', 'gpt', '--agent', 'claude:critic+security:2', '--agent', 'kimi:pragmatist'],
      ...['--rounds', '3', '--budget-usd', '0.5', '--deadline', 'PT10M', '--material', material],
      ...['--protocol', 'plurality', '--no-stop-on-stability', '--persona', 'lawyer=Mind the law.'],
      ...['--idempotency-key', 'k1'],
    );

    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/v1/collaborations',
        headers: { authorization: 'Bearer secret', 'idempotency-key': 'k1' },
      },
    ]);
    expect(asked[0]?.body).toEqual({
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
    answer = json(202, { id: 'c_1', status: 'queued' });
    await conclave('start', 'Which store?', '--pattern', 'consensus');

    expect(asked[0]?.body).toEqual({ pattern: 'consensus', question: 'Which store?' });
  });

  test('waits for the decision and shows it', async () => {
    answer = json(200, { id: 'c_1', status: 'completed', decision: sample.record.decision });
    const { printed } = await conclave('consensus', 'Which store?', '--wait', '30');

    expect(asked[0]?.headers['prefer']).toBe('wait=30');
    expect(printed).toContain('decided: Postgres');
    expect(printed).toContain('dissent of s3 agent-3: MySQL o2');
    expect(printed).toContain('cost: unknown tokens in');
  });

  test('shows an estimate and starts nothing', async () => {
    answer = json(200, { estimate: { calls: 15 } });
    const { printed } = await conclave('debate', 'Which store?', '--estimate');

    expect(asked.map((one) => one.url)).toEqual(['/v1/collaborations/estimate']);
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
    const { code, noted } = await conclave('debate', 'Which store?', ...flags);

    expect(noted).toContain(message);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
  });
});

describe('refusals', () => {
  test('are shown with field, what came and what was expected', async () => {
    answer = json(422, {
      code: 'input-invalid',
      title: 'Wrong shape.',
      detail: 'The request does not have the expected shape.',
      errors: [{ field: 'rounds', got: '0', expected: 'a whole number from 1 to 5' }],
    });
    const { code, noted } = await conclave('debate', 'Which store?', '--rounds', '0');

    expect(noted).toBe(
      'conclave: 422 input-invalid: The request does not have the expected shape.\n' +
        '  rounds: got 0, expected a whole number from 1 to 5',
    );
    expect(code).toBe(1);
  });

  test('of servers in between are shown as they are', async () => {
    answer = (_asked, response) => {
      response.writeHead(502);
      response.end('bad gateway');
    };
    const { code, noted } = await conclave('list');

    expect(noted).toBe('conclave: 502: bad gateway');
    expect(code).toBe(1);
  });

  test('to answer at all name the address', async () => {
    server.close();
    server.closeAllConnections();
    const { code, noted } = await conclave('list');
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');

    expect(noted).toContain(`${url} does not answer (ECONNREFUSED)`);
    expect(code).toBe(1);
  });
});

describe('the address and the key', () => {
  async function withEnv(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ended> {
    const { surroundings, printed, noted } = listening(env);
    const code = await runCommandLine(args, surroundings);
    return { code, printed: printed.join('\n'), noted: noted.join('\n') };
  }

  test('are found where a running stack left them', async () => {
    answer = json(200, { items: [] });
    await mkdir(join(folder, 'run'));
    await writeFile(join(folder, 'run', 'api.json'), JSON.stringify({ address: url }));
    await writeFile(join(folder, 'api-key'), 'local-key\n');
    const { printed } = await withEnv({}, 'list', '--data', folder);

    expect(asked[0]?.headers.authorization).toBe('Bearer local-key');
    expect(printed).toBe('none yet');
  });

  test('come from the flags first', async () => {
    answer = json(200, { items: [] });
    await withEnv(
      { CONCLAVE_URL: 'http://127.0.0.1:1', CONCLAVE_API_KEY: 'other' },
      ...['list', '--url', `${url}/`, '--key', 'flag-key'],
    );

    expect(asked[0]).toMatchObject({
      url: '/v1/collaborations?',
      headers: { authorization: 'Bearer flag-key' },
    });
  });

  test('are asked for when they are missing or wrong', async () => {
    const keyless = await withEnv({ CONCLAVE_DATA: folder }, 'list');
    const wrong = await withEnv({ CONCLAVE_API_KEY: 'k' }, 'list', '--url', 'ftp://x');

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
    answer = json(200, { items: [item], next: 'abc' });
    const rows = await conclave('list', '--status', 'completed', '--limit', '5');
    const raw = await conclave('list', '--json');

    expect(asked[0]?.url).toBe('/v1/collaborations?status=completed&limit=5');
    expect(rows.printed).toBe(
      'c_1  debate  completed  2026-11-21T09:00:00.000Z  Which store? -> Postgres [simulated]',
    );
    expect(rows.noted).toBe('more with --cursor abc');
    expect(JSON.parse(raw.printed)).toEqual({ items: [item], next: 'abc' });
  });

  test('saves a record byte for byte', async () => {
    const bytes = JSON.stringify(sample.record);
    answer = (_asked, response) => response.end(bytes);
    const path = join(folder, 'record.json');
    const { noted } = await conclave('record', 'c_1', '-o', path);

    expect(await readFile(path, 'utf8')).toBe(bytes);
    expect(noted).toContain(`${bytes.length} bytes`);
  });

  test('gets the public keys', async () => {
    answer = json(200, { keys: [] });
    const { printed } = await conclave('keys');

    expect(asked[0]?.url).toBe('/v1/signing-keys');
    expect(JSON.parse(printed)).toEqual({ keys: [] });
  });

  test('asks for the transcript as Markdown, or as JSON', async () => {
    answer = (_asked, response) => response.end('# Debate');
    const { printed } = await conclave('transcript', 'c_1');
    await conclave('transcript', 'c_1', '--json');

    expect(printed).toBe('# Debate');
    expect(asked.map(({ headers }) => headers.accept)).toEqual([
      'text/markdown',
      'application/json',
    ]);
  });

  test('saves all pages of events so that they verify', async () => {
    answer = (one, response) => {
      const after = Number(new URL(one.url, url).searchParams.get('after'));
      const [items, next] =
        after === 0
          ? [Array.from({ length: 500 }, () => sample.events[0]), 500]
          : [sample.events, null];
      json(200, { items, next })(one, response);
    };
    const path = join(folder, 'events.jsonl');
    const { noted } = await conclave('events', 'c_1', '-o', path);

    expect(asked.map((one) => one.url)).toEqual([
      '/v1/collaborations/c_1/events?after=0&limit=500',
      '/v1/collaborations/c_1/events?after=500&limit=500',
    ]);
    expect(noted).toContain('513 events');
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(513);
  });

  test('shows events as lines', async () => {
    answer = json(200, { items: sample.events, next: null });
    const { printed } = await conclave('events', 'c_1');

    expect(printed).toContain(
      '   3  09:00:02.000Z  position.submitted: proposal-1-s1 Postgres: because Postgres',
    );
    expect(printed).toContain('message.added: by /users/ann, messageId m1');
    expect(printed).toContain('turn.cancelled: revision-2-s3');
    expect(printed).toContain('round.opened: round 1, phase proposal, seats s1 s2 s3');
    expect(printed).toContain('decision.reached: verdict kind=decided answer=o1');
  });

  test('shows agents and providers as columns', async () => {
    answer = json(200, { items: [{ name: 'gpt', provider: 'openai', model: 'm', personas: [] }] });
    const { printed } = await conclave('agents');
    answer = json(200, {
      items: [{ provider: 'openai', status: 'ok', breaker: 'closed', agents: ['gpt'], models: [] }],
    });
    const standing = await conclave('providers');
    answer = json(200, { items: [] });
    const none = await conclave('providers');

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
    answer = json(200, { id: 'c_1', status: 'running' });
    const { printed } = await conclave(...args);

    expect(asked).toMatchObject([{ method: 'POST', url: `/v1/collaborations/c_1/${part}`, body }]);
    expect(printed).toBe('c_1  running');
  });
});

describe('following', () => {
  function frames(events: readonly LedgerEvent[]): string {
    return events
      .map((event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('');
  }

  const opening = 'retry: 1\n: open\n\n';
  const end = 'event: end\ndata: {"seq":14}\n\n';

  test('shows every event and then the decision', async () => {
    answer = (one, response) => {
      if (one.url.endsWith('/decision')) json(200, sample.record.decision)(one, response);
      else response.end(opening + frames([...sample.events, seal]) + end);
    };
    const { code, printed } = await conclave('follow', 'c_1');

    expect(printed.split('\n').filter((line) => /^ +\d+ {2}/.test(line))).toHaveLength(14);
    expect(printed).toContain('decided: Postgres');
    expect(code).toBe(0);
  });

  test('takes up a broken stream after the last event, with none left out or doubled', async () => {
    answer = (one, response) => {
      if (asked.length === 1) {
        response.write(opening + frames(sample.events.slice(0, 5)), () => {
          response.destroy();
        });
      } else if (asked.length === 2) json(503, { detail: 'away' })(one, response);
      else response.end(frames([...sample.events.slice(5), seal]) + end);
    };
    const { code, printed, noted } = await conclave('follow', 'c_1', '--json');
    const numbers = printed.split('\n').map((line) => (JSON.parse(line) as LedgerEvent).seq);

    expect(numbers).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '5', '5']);
    expect(noted).toContain('connection lost');
    expect(code).toBe(0);
  });

  test('begins where it was told', async () => {
    answer = (_asked, response) => response.end(frames([seal]) + end);
    await conclave('follow', 'c_1', '--after', '13', '--json');

    expect(asked[0]?.url).toBe('/v1/collaborations/c_1/events?after=13&live=false');
  });

  test('ends with 1 for a run that ended without a decision', async () => {
    answer = (_asked, response) => response.end(frames(sample.events.slice(0, 2)) + end);
    const { code, noted } = await conclave('follow', 'c_1');

    expect(noted).toContain('c_1 ended without a decision');
    expect(code).toBe(1);
  });

  test('does not insist where the API refuses', async () => {
    answer = json(404, { code: 'not-found', detail: 'There is no collaboration c_1.' });
    const { code, noted } = await conclave('follow', 'c_1');

    expect(noted).toBe('conclave: 404 not-found: There is no collaboration c_1.');
    expect({ code, asked: asked.length }).toEqual({ code: 1, asked: 1 });
  });

  test('begins right after a start that asks for it', async () => {
    answer = (one, response) => {
      if (one.method === 'POST') json(202, { id: 'c_9', status: 'queued' })(one, response);
      else response.end(frames([seal]) + end);
    };
    await conclave('debate', 'Which store?', '--follow', '--json');

    expect(asked.map((one) => one.url)).toEqual([
      '/v1/collaborations',
      '/v1/collaborations/c_9/events?after=0&live=false',
    ]);
  });
});
