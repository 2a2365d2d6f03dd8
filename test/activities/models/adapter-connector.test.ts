import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { createConnectorPool } from '../../../activities/models/connector-pool.ts';
import { contractRequest } from '../../../activities/models/contract/scene.ts';
import type { AdapterCall, AdapterRequest } from '../../../domain/providers/adapter.ts';
import { agentAt } from '../../support/providers.ts';
import {
  adapterDeps,
  adapterHouse,
  adapterOf,
  everything,
  forever,
  good,
} from './adapter-house.ts';
import type { AdapterHouse, Ask, ConnectorFields } from './adapter-house.ts';

let house: AdapterHouse;

beforeEach(async () => {
  house = await adapterHouse();
});

afterEach(() => house.close());

describe('what an adapter is asked', () => {
  test('fits what it says it can', async () => {
    const seen: AdapterRequest[] = [];
    const schema = { name: 's', jsonSchema: { type: 'object' } };
    const bare = { ...everything, systemPrompt: false, structuredOutput: false };
    const ask: Ask = (request) => {
      seen.push(request);
      return good;
    };

    await house.connectorOf(ask).ask(contractRequest({ schema }));
    await house
      .connectorOf(ask, { adapter: { capabilities: bare } })
      .ask(contractRequest({ schema }));

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

    await house
      .connectorOf(ask, { adapter, agent: { baseUrl: null, apiKeyEnv: null } })
      .ask(contractRequest());
    await house.connectorOf(ask, { adapter }).ask(contractRequest());

    expect(seen).toEqual([
      ['http://parley.example/v1', null],
      [house.url, 'key'],
    ]);
  });

  test.each<[string, ConnectorFields, string]>([
    ['a key that is not set', { secret: () => undefined }, 'key-missing'],
    ['no address', { agent: { baseUrl: null } }, 'bad-request'],
  ])('is nothing where there is %s', async (_what, fields, code) => {
    let isAsked = false;

    const fault = await house.faultFrom(() => {
      isAsked = true;
    }, fields);

    expect([fault.code, isAsked]).toEqual([code, false]);
  });
});

describe('an adapter that does not end', () => {
  test.each<[Partial<typeof everything>, string]>([
    [{}, 'the stream stood still for 50 ms'],
    [{ streaming: false }, 'no complete reply within 100 ms'],
  ])('is given up, with %j', async (changes, message) => {
    const fault = await house.faultFrom(() => forever, {
      adapter: { capabilities: { ...everything, ...changes } },
      timeouts: { totalMs: 100, chunkMs: 50 },
    });

    expect(fault).toMatchObject({ code: 'timeout', disposition: 'retry-now', message });
  });

  test('is heard no more after its call', async () => {
    const pieces: string[] = [];
    let late: AdapterCall | undefined;
    const connector = house.connectorOf((_request, call) => {
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
    const pool = createConnectorPool({ ...adapterDeps(), adapters: [adapterOf(() => good)] });

    const reply = await pool.connectorOf(agent).ask(contractRequest());

    expect(reply).toEqual({
      ...good,
      model: 'sim-tested',
      usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
    });
    expect(pool.connectorOf(agent)).toBe(pool.connectorOf({ ...agent }));
  });

  test('says that an adapter is not loaded here, and that another worker may try', () => {
    const pool = createConnectorPool(adapterDeps());

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
