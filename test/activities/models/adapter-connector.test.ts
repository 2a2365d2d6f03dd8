import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';

import { createAdapterConnector } from '../../../activities/models/adapter-connector.ts';
import { answerBytesMax } from '../../../activities/models/adapter-call.ts';
import type { ConnectorDeps } from '../../../activities/models/connector.ts';
import { createConnectorPool } from '../../../activities/models/connector-pool.ts';
import { contractRequest } from '../../../activities/models/contract/scene.ts';
import { retryAfterMsMax } from '../../../activities/models/retry-after.ts';
import type {
  Adapter,
  AdapterCall,
  AdapterReply,
  AdapterRequest,
} from '../../../domain/providers/adapter.ts';
import { replyCharactersMax } from '../../../domain/providers/adapter-reading.ts';
import type { Agent } from '../../../domain/providers/agent.ts';
import type { ModelConnector, ProviderFault } from '../../../domain/providers/model-connector.ts';
import { agentAt, faultOf, startServer, type TestServer } from '../../support/providers.ts';

type Ask = (request: AdapterRequest, call: AdapterCall) => unknown;

const everything = {
  streaming: true,
  structuredOutput: true,
  vision: true,
  systemPrompt: true,
  promptCaching: true,
};

const good: AdapterReply = { text: 'yes', finish: 'stop', usage: null };

let answer: (response: ServerResponse, path: string) => void;
let server: TestServer;
let requests: string[];

beforeEach(async () => {
  requests = [];
  answer = (response) => response.end('fine');
  server = await startServer((response, path) => {
    requests.push(path);
    answer(response, path);
  });
});

afterEach(() => server.close());

function deps(fields: Partial<ConnectorDeps> = {}): ConnectorDeps {
  return {
    secret: () => 'key',
    allowedHosts: (url) => url.hostname === '127.0.0.1',
    timeouts: { totalMs: 4000, chunkMs: 4000 },
    ...fields,
  };
}

function adapterOf(ask: Ask, fields: Partial<Adapter> = {}): Adapter {
  return {
    contract: 1,
    name: 'parley',
    version: '1',
    baseUrl: null,
    capabilities: everything,
    ask: ask as Adapter['ask'],
    ...fields,
  };
}

/** A connector to an adapter that asks in this way. */
function connectorOf(
  ask: Ask,
  {
    adapter = {},
    agent = {},
    ...rest
  }: { adapter?: Partial<Adapter>; agent?: Partial<Agent> } & Partial<ConnectorDeps> = {},
): ModelConnector {
  const asked = agentAt(server.url, { capabilities: {}, ...agent, provider: 'parley' });
  return createAdapterConnector(asked, adapterOf(ask, adapter), deps(rest));
}

async function faultFrom(
  ask: Ask,
  fields: Parameters<typeof connectorOf>[1] = {},
): Promise<ProviderFault> {
  return await faultOf(connectorOf(ask, fields).ask(contractRequest()));
}

const forever = new Promise<never>(() => undefined);

describe('what an adapter is asked', () => {
  test('fits what it says it can', async () => {
    const seen: AdapterRequest[] = [];
    const schema = { name: 's', jsonSchema: { type: 'object' } };
    const bare = { ...everything, systemPrompt: false, structuredOutput: false };
    const ask: Ask = (request) => {
      seen.push(request);
      return good;
    };

    await connectorOf(ask).ask(contractRequest({ schema }));
    await connectorOf(ask, { adapter: { capabilities: bare } }).ask(contractRequest({ schema }));

    expect(seen[0]).toMatchObject({ system: 'You answer.', schema, model: 'sim-tested' });
    expect(seen[0]?.parts).toHaveLength(2);
    expect(seen[1]).toMatchObject({ system: '', schema: null });
    expect(seen[1]?.parts[0]).toEqual({ kind: 'text', text: 'You answer.', stable: true });
    expect(seen[1]?.parts[3]).toMatchObject({
      text: expect.stringContaining('JSON Schema') as unknown,
    });
  });

  test('comes with address and key, the agent’s before the adapter’s', async () => {
    const seen: unknown[] = [];
    const ask: Ask = (_request, { baseUrl, apiKey }) => {
      seen.push([baseUrl, apiKey]);
      return good;
    };
    const adapter = { baseUrl: 'http://parley.example/v1//' };

    await connectorOf(ask, { adapter, agent: { baseUrl: null, apiKeyEnv: null } }).ask(
      contractRequest(),
    );
    await connectorOf(ask, { adapter }).ask(contractRequest());

    expect(seen).toEqual([
      ['http://parley.example/v1', null],
      [server.url, 'key'],
    ]);
  });

  test.each<[string, Parameters<typeof connectorOf>[1], string]>([
    ['a key that is not set', { secret: () => undefined }, 'key-missing'],
    ['no address', { agent: { baseUrl: null } }, 'bad-request'],
  ])('is nothing where there is %s', async (_what, fields, code) => {
    let isAsked = false;

    const fault = await faultFrom(() => {
      isAsked = true;
    }, fields);

    expect([fault.code, isAsked]).toEqual([code, false]);
  });
});

describe('a reply that is none', () => {
  test.each<[unknown, string]>([
    [undefined, 'reply: got nothing, expected an object'],
    ['words of the prompt', 'reply: got a value of type string, expected an object'],
    [{ ...good, finish: 'end' }, 'finish: got a value of type string, expected one of'],
    [{ ...good, usage: { inputTokens: -3 } }, 'usage.inputTokens: got -3, expected a whole number'],
  ])('is malformed: %#', async (value, told) => {
    const fault = await faultFrom(() => value);

    expect(fault).toMatchObject({ code: 'malformed', disposition: 'never' });
    expect(fault.message).toContain(told);
    expect(fault.message).not.toContain('words of the prompt');
  });

  test('is a fault also where it cannot be looked at', async () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('words of the prompt');
        },
      },
    );

    const faults = [
      await faultFrom(() => trap),
      await faultFrom(() => {
        throw trap as Error;
      }),
    ];

    expect(faults.map(({ disposition }) => disposition)).toEqual(['never', 'never']);
    expect(JSON.stringify(faults)).not.toContain('words of the prompt');
  });

  test('is one whose text is no text, or too long, while it streams; swallowing that does not help', async () => {
    const swallowing =
      (piece: unknown): Ask =>
      (_request, call) => {
        try {
          call.onText(piece as string);
        } catch {
          return good;
        }
        return good;
      };

    const noText = await faultFrom(swallowing(7));
    const tooLong = await faultFrom(swallowing('x'.repeat(replyCharactersMax + 1)));

    expect([noText.code, tooLong.code]).toEqual(['malformed', 'malformed']);
    expect(tooLong.message).toContain(String(replyCharactersMax));
  });
});

describe('what an adapter throws', () => {
  test.each<[Parameters<AdapterCall['fail']>[0], Partial<ProviderFault>]>([
    [
      { code: 'rate-limited', status: 429, retryAfterMs: 250.5, mark: 'too_many' },
      {
        code: 'rate-limited',
        disposition: 'retry-after',
        status: 429,
        retryAfterMs: 251,
        message: 'the adapter says: rate-limited, too_many',
      },
    ],
    [{ code: 'overloaded' }, { disposition: 'retry-after', retryAfterMs: null }],
    [{ code: 'server-error' }, { disposition: 'retry-now', status: null }],
    [
      { code: 'server-error', retryAfterMs: 9 },
      { disposition: 'retry-after', retryAfterMs: 9 },
    ],
    [{ code: 'timeout' }, { disposition: 'retry-now' }],
    [
      { code: 'unreachable', retryAfterMs: -1 },
      { disposition: 'retry-now', retryAfterMs: null },
    ],
    [
      { code: 'overloaded', retryAfterMs: Number.MAX_SAFE_INTEGER },
      { retryAfterMs: retryAfterMsMax },
    ],
    [
      { code: 'unauthorised', retryAfterMs: 9 },
      { disposition: 'never', retryAfterMs: null },
    ],
    [{ code: 'not-found' }, { disposition: 'never' }],
    [
      { code: 'bad-request', status: 9999 },
      { disposition: 'never', status: null },
    ],
    [{ code: 'malformed' }, { disposition: 'never' }],
    [
      { code: 'unknown', mark: 'words of the prompt' },
      { disposition: 'never', message: 'the adapter says: unknown' },
    ],
    [{ code: 'cancelled' as never }, { code: 'unknown', disposition: 'never' }],
    [undefined as never, { code: 'unknown', disposition: 'never' }],
  ])('is sorted as it says: %j', async (failure, expected) => {
    const fault = await faultFrom((_request, call) => {
      throw call.fail(failure);
    });

    expect(fault).toMatchObject(expected);
  });

  test('is sorted by the answer that it hands on', async () => {
    answer = (response) => response.writeHead(503, { 'retry-after': '2' }).end();
    const ask: Ask = async (_request, call) => {
      throw call.fail(await call.fetch(server.url));
    };

    expect(await faultFrom(ask)).toMatchObject({
      code: 'overloaded',
      disposition: 'retry-after',
      status: 503,
      retryAfterMs: 2000,
    });

    answer = (response) => response.end('{}');
    expect(await faultFrom(ask)).toMatchObject({ code: 'malformed', disposition: 'never' });
  });

  test('is sorted all the same when it is anything else', async () => {
    const thrown = [
      Object.assign(new Error('words of the prompt'), { status: 429 }),
      Object.assign(new Error('words of the prompt'), { code: 'ECONNREFUSED' }),
      'words of the prompt',
      undefined,
    ];

    const faults = await Promise.all(
      thrown.map((error) =>
        faultFrom(() => {
          throw error as Error;
        }),
      ),
    );

    expect(faults.map(({ code }) => code)).toEqual([
      'rate-limited',
      'unreachable',
      'unknown',
      'unknown',
    ]);
    expect(JSON.stringify(faults)).not.toContain('words of the prompt');
  });

  test('by mistake names the place, and is not tried again', async () => {
    const ask: Ask = (request) => (request as unknown as { a: { b: string } }).a.b;

    const before = await faultFrom(ask);
    const after = await faultFrom(async (request, call) => {
      await call.fetch(server.url);
      return ask(request, call);
    });

    expect(before).toMatchObject({ code: 'unknown', disposition: 'never' });
    expect(before.message).toMatch(
      /^the call failed with TypeError, at adapter-connector\.test\.ts:\d+:\d+$/,
    );
    expect(after.code).toBe('malformed');
  });
});

describe('the fetch of an adapter', () => {
  test('goes to no host that is not allowed, and follows no redirect', async () => {
    answer = (response) => response.writeHead(302, { location: '/other' }).end();

    const elsewhere = await faultFrom((_request, call) => call.fetch('http://other.example/'));
    const redirected = await faultFrom((_request, call) => call.fetch(server.url));

    expect(elsewhere).toMatchObject({ code: 'host-not-allowed', disposition: 'never' });
    expect(redirected).toMatchObject({ code: 'bad-request', status: 302 });
    expect(requests).toEqual(['/']);
  });

  test('does not take what is no URL', async () => {
    expect(await faultFrom((_request, call) => call.fetch('/say'))).toMatchObject({
      code: 'bad-request',
      disposition: 'never',
    });
  });

  test('stops reading an answer without end', async () => {
    const chunk = Buffer.alloc(1_000_000);
    answer = (response) => {
      for (let sent = 0; sent <= answerBytesMax; sent += chunk.length) response.write(chunk);
    };

    const fault = await faultFrom(async (_request, call) => {
      const response = await call.fetch(server.url);
      return { ...good, text: await response.text() };
    });

    expect(fault).toMatchObject({ code: 'malformed', disposition: 'never' });
    expect(fault.message).toContain(String(answerBytesMax));
  });

  test('ends with the call, and cannot be used after it', async () => {
    const closed = Promise.withResolvers<undefined>();
    answer = (response) => {
      response.on('close', () => {
        closed.resolve(undefined);
      });
    };
    let call: AdapterCall | undefined;
    const connector = connectorOf((_request, given) => {
      call = given;
      void given.fetch(server.url);
      return forever;
    });
    const controller = new AbortController();
    const asked = faultOf(connector.ask(contractRequest({ signal: controller.signal })));
    await until(() => requests.length === 1);

    controller.abort();

    expect((await asked).code).toBe('cancelled');
    await closed.promise;
    expect(await faultOf(call?.fetch(server.url) ?? forever)).toMatchObject({ code: 'cancelled' });
    expect(requests).toHaveLength(1);
  });
});

describe('an adapter that does not end', () => {
  test.each<[Partial<typeof everything>, string]>([
    [{}, 'the stream stood still for 50 ms'],
    [{ streaming: false }, 'no complete reply within 100 ms'],
  ])('is given up, with %j', async (changes, message) => {
    const fault = await faultFrom(() => forever, {
      adapter: { capabilities: { ...everything, ...changes } },
      timeouts: { totalMs: 100, chunkMs: 50 },
    });

    expect(fault).toMatchObject({ code: 'timeout', disposition: 'retry-now', message });
  });

  test('is heard no more after its call', async () => {
    const pieces: string[] = [];
    let late: AdapterCall | undefined;
    const connector = connectorOf((_request, call) => {
      late = call;
      call.onText('yes');
      return good;
    });

    await connector.ask(contractRequest({ onText: (text) => pieces.push(text) }));
    late?.onText('too late');

    expect(pieces).toEqual(['yes']);
  });
});

describe('a pool of connectors', () => {
  const agent = agentAt('http://127.0.0.1:9', { provider: 'parley' });

  test('reaches an agent by the adapter of its provider’s name', async () => {
    const pool = createConnectorPool({ ...deps(), adapters: [adapterOf(() => good)] });

    const reply = await pool.connectorOf(agent).ask(contractRequest());

    expect(reply).toEqual({
      ...good,
      model: 'sim-tested',
      usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
    });
    expect(pool.connectorOf(agent)).toBe(pool.connectorOf({ ...agent }));
  });

  test('says that an adapter is not loaded here, and that another worker may try', () => {
    const pool = createConnectorPool(deps());

    let error: unknown;
    try {
      pool.connectorOf(agent);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({
      fault: { code: 'adapter-missing', disposition: 'retry-now', isUnsent: true },
    });
  });
});

/** Looks until something holds; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
