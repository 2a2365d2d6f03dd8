import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createConnector } from '../../../activities/models/connector.ts';
import type { ConnectorDeps, KnownAgent } from '../../../activities/models/connector.ts';
import {
  createConnectorPool,
  pooledConnectorsMax,
} from '../../../activities/models/connector-pool.ts';
import type { Agent } from '../../../domain/providers/agent.ts';
import type { ModelRequest } from '../../../domain/providers/model-connector.ts';
import { agentAt, faultOf, startPanel, startServer } from '../../support/providers.ts';
import type { TestPanel, TestServer } from '../../support/providers.ts';

const request = (fields: Partial<ModelRequest> = {}): ModelRequest => ({
  system: 'You answer.',
  parts: [{ kind: 'text', text: 'What is it?', stable: true }],
  schema: null,
  maxOutputTokens: 100,
  signal: new AbortController().signal,
  ...fields,
});

const deps = (fields: Partial<ConnectorDeps> = {}): ConnectorDeps => ({
  secret: () => 'key',
  allowedHosts: () => true,
  timeouts: { totalMs: 5000, chunkMs: 5000 },
  ...fields,
});

describe('a connector', () => {
  let panel: TestPanel;

  beforeAll(async () => {
    panel = await startPanel();
  });

  afterAll(async () => {
    await panel.close();
  });

  const compatible = (fields: Partial<Agent> = {}): KnownAgent =>
    agentAt(`${panel.url}/openai/v1`, { ...fields, provider: 'openai-compatible' });

  test('calls no host that is not allowed, and names it', async () => {
    const closed = createConnector(compatible(), deps({ allowedHosts: () => false }));

    const fault = await faultOf(closed.ask(request()));

    expect(fault).toMatchObject({ code: 'host-not-allowed', disposition: 'never' });
    expect(fault.message).toContain('127.0.0.1');
    expect(await closed.probe(AbortSignal.timeout(1000))).toMatchObject({ status: 'failing' });
  });

  test.each([undefined, ''])('names the variable of a key that is %p', async (value) => {
    const keyless = createConnector(compatible(), deps({ secret: () => value }));

    const fault = await faultOf(keyless.ask(request()));

    expect(fault).toMatchObject({
      code: 'key-missing',
      message: 'TESTED_KEY: not set; agent tested needs it',
    });
    expect(await keyless.probe(AbortSignal.timeout(1000))).toMatchObject({ status: 'failing' });
  });

  test('takes up a key that has changed', async () => {
    const seen: string[] = [];
    const keys = ['first', 'second'];
    const server = await startServer((response) => {
      seen.push(String(response.req.headers.authorization));
      response.writeHead(401).end('{}');
    });
    const agent = agentAt(server.url, { provider: 'openai-compatible' });
    const connector = createConnector(agent, deps({ secret: () => keys.shift() }));

    await faultOf(connector.ask(request()));
    await faultOf(connector.ask(request()));

    expect(seen).toEqual(['Bearer first', 'Bearer second']);
    await server.close();
  });

  test('refuses an image before the call where vision is not declared', async () => {
    const blind = createConnector(
      compatible({ capabilities: { vision: false }, model: 'sim-blind' }),
      deps(),
    );
    const image = { kind: 'image', mediaType: 'image/png', base64: '', stable: true } as const;

    const fault = await faultOf(blind.ask(request({ parts: [image] })));

    expect(fault).toMatchObject({ code: 'bad-request', disposition: 'never' });
    expect((await panel.calls()).map(({ model }) => model)).not.toContain('sim-blind');
  });

  test('refuses an agent without an address where its provider has none', async () => {
    const homeless = createConnector(compatible({ baseUrl: null }), deps());

    expect(await faultOf(homeless.ask(request()))).toMatchObject({ code: 'bad-request' });
    expect((await homeless.probe(AbortSignal.timeout(1000))).status).toBe('failing');
  });

  test('ends a call that takes too long although it keeps streaming', async () => {
    const slow = createConnector(
      compatible({ model: 'sim-slow-60000' }),
      deps({ timeouts: { totalMs: 100, chunkMs: 5000 } }),
    );

    const fault = await faultOf(slow.ask(request()));

    expect(fault).toMatchObject({ code: 'timeout', message: 'no complete reply within 100 ms' });
  });

  test('reports a provider that refuses the probe as failing', async () => {
    const server = await startServer((response) => response.writeHead(401).end());
    const refused = createConnector(agentAt(server.url, { provider: 'anthropic' }), deps());

    expect(await refused.probe(AbortSignal.timeout(1000))).toMatchObject({
      status: 'failing',
      detail: 'the provider answered 401',
    });
    await server.close();
  });

  describe('before a redirect', () => {
    let other: TestServer;
    let redirecting: TestServer;
    let called = 0;

    beforeAll(async () => {
      other = await startServer((response) => {
        called += 1;
        response.end('{}');
      });
      redirecting = await startServer((response, path) => {
        response.writeHead(307, { location: other.url + path }).end();
      });
    });

    afterAll(async () => {
      await redirecting.close();
      await other.close();
    });

    test('stops, without a call to where it leads', async () => {
      const agent = agentAt(redirecting.url, { provider: 'openai-compatible' });
      const connector = createConnector(agent, deps());

      const fault = await faultOf(connector.ask(request()));

      expect(fault).toMatchObject({ code: 'bad-request', disposition: 'never', status: 307 });
      expect((await connector.probe(AbortSignal.timeout(1000))).status).toBe('failing');
      expect(called).toBe(0);
    });
  });
});

describe('a pool of connectors', () => {
  const agent = agentAt('http://127.0.0.1:9', { provider: 'openai-compatible' });

  test('gives the same connector for the same agent, and another for another', () => {
    const pool = createConnectorPool(deps());

    const connector = pool.connectorOf(agent);

    expect(pool.connectorOf({ ...agent })).toBe(connector);
    expect(pool.connectorOf({ ...agent, model: 'other' })).not.toBe(connector);
    expect(pool.connectorOf({ ...agent, baseUrl: 'http://127.0.0.1:10' })).not.toBe(connector);
  });

  test('forgets the one that was unused for longest', () => {
    const pool = createConnectorPool(deps());
    const kept = pool.connectorOf({ ...agent, model: 'kept' });
    const dropped = pool.connectorOf({ ...agent, model: 'dropped' });

    for (let index = 0; index < pooledConnectorsMax - 1; index += 1) {
      pool.connectorOf({ ...agent, model: 'kept' });
      pool.connectorOf({ ...agent, model: `m${String(index)}` });
    }

    expect(pool.connectorOf({ ...agent, model: 'kept' })).toBe(kept);
    expect(pool.connectorOf({ ...agent, model: 'dropped' })).not.toBe(dropped);
  });
});
