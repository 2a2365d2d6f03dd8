import { describe, expect, test } from '@jest/globals';

import { createApp } from '../../api/app.ts';
import { createHouse, keys } from './fake-house.ts';

const program = {
  name: 'coder',
  provider: 'command',
  model: 'sonnet',
  command: {
    path: '/opt/agents/claude',
    output: { kind: 'claude' },
    grants: [{ host: '/srv/agents', path: '/opt/agents' }],
    network: { upstream: { url: 'http://127.0.0.1:4010/anthropic' } },
    labels: ['fast'],
  },
};
const withCommand = (fields: object): object => ({
  ...program,
  command: { ...program.command, ...fields },
});

describe('an agent that is a program', () => {
  test('is registered with all that its program usually needs, and shown', async () => {
    const house = createHouse();

    const created = await house.post('/v1/agents', program);
    const shown = (await (await house.request('/v1/agents/coder')).json()) as object;

    expect(created.status).toBe(201);
    expect(shown).toMatchObject({
      provider: 'command',
      model: 'sonnet',
      baseUrl: 'http://127.0.0.1:4010/anthropic',
      apiKeyEnv: 'ANTHROPIC_API_KEY',
      simulated: true,
      command: {
        path: '/opt/agents/claude',
        arguments: ['-p', '--model', '{model}', '--output-format', 'json'],
        labels: ['fast'],
        grants: [{ host: '/srv/agents', path: '/opt/agents', mode: 'read' }],
      },
    });
  });

  test('has an account of its own, which names the program', async () => {
    const house = createHouse();
    await house.post('/v1/agents', program);

    const { items } = (await (await house.request('/v1/providers')).json()) as { items: object[] };

    expect(items).toContainEqual(
      expect.objectContaining({
        provider: 'command',
        program: {
          path: '/opt/agents/claude',
          labels: ['fast'],
          prompt: 'stdin',
          unavailable: null,
          detected: null,
        },
        agents: ['coder'],
        status: 'ok',
      }),
    );
  });

  test('is shown with what a worker found out last, of its own tenant', async () => {
    const house = createHouse();
    await house.post('/v1/agents', program);
    await house.post('/v1/agents', { ...program, name: 'second' });
    const found = { isThere: true, version: '2.1.0', detail: '2.1.0', capabilities: null };
    const gone = { ...found, isThere: false, version: null, detail: 'it cannot be run' };
    house.programs.push(
      ['a', { ...gone, agent: 'coder', foundAt: '2026-03-01T10:00:00.000Z' }],
      ['a', { ...found, agent: 'second', foundAt: '2026-03-01T11:00:00.000Z' }],
      ['b', { ...gone, agent: 'second', foundAt: '2026-03-01T12:00:00.000Z' }],
    );

    const shown = async (): Promise<unknown> =>
      ((await (await house.request('/v1/providers')).json()) as { items: object[] }).items.at(-1);
    const first = await shown();
    house.programs.push(['a', { ...gone, agent: 'coder', foundAt: '2026-03-01T13:00:00.000Z' }]);

    expect(first).toMatchObject({
      program: { detected: { ...found, at: '2026-03-01T11:00:00.000Z' } },
      status: 'ok',
    });
    expect(await shown()).toMatchObject({
      program: { detected: { isThere: false, detail: 'it cannot be run' } },
      status: 'failing',
    });
  });

  test('is what the right to run code is looked up for, and nothing else', async () => {
    const house = createHouse();
    house.deps.tenants.mayRunCode = () => Promise.reject(new Error('no database'));

    const { status } = await house.request('/v1/providers');

    expect(status).toBe(200);
  });

  test('is shown as unavailable, and sits in no default panel, once its tenant may not run code', async () => {
    const house = createHouse();
    house.agents.delete('a/bob');
    const upstream = { url: 'http://127.0.0.1:4011/anthropic' };
    await house.post('/v1/agents', withCommand({ network: { upstream } }));
    const shown = async (): Promise<unknown> =>
      ((await (await house.request('/v1/providers')).json()) as { items: object[] }).items.at(-1);
    const seated = async (): Promise<readonly string[]> => {
      const asked = { pattern: 'debate', question: 'Which?', options: ['a', 'b'] };
      const started = await house.post('/v1/collaborations', asked);
      const { plan } = (await started.json()) as { plan: { seats: { agent: string }[] } };
      return plan.seats.map(({ agent }) => agent);
    };
    const before = [await shown(), await seated()];

    house.deps.tenants.mayRunCode = () => Promise.resolve(false);

    expect(before).toEqual([
      expect.objectContaining({ agents: ['coder'], status: 'ok' }),
      ['ada', 'cyd', 'coder'],
    ]);
    expect(await shown()).toMatchObject({
      status: 'failing',
      program: { unavailable: expect.stringContaining('may not run code') as unknown },
    });
    expect(await seated()).toEqual(['ada', 'cyd']);
  });

  test('is refused to a tenant that was not granted to run code', async () => {
    const house = createHouse();

    const refused = await house.request('/v1/agents', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(program),
      key: keys.b,
    });

    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'not-permitted' });
    expect(await house.deps.agents.get('b', 'coder')).toBeUndefined();
  });

  test.each([
    ['command', { ...program, command: undefined }],
    ['command', { ...program, provider: 'anthropic' }],
    ['command.path', withCommand({ path: 'claude' })],
    ['command.output.kind', withCommand({ output: { kind: 'xml' } })],
    ['command.arguments[0]', withCommand({ arguments: ['{secret}'] })],
    ['command.shell', withCommand({ shell: true })],
    ['command.grants[0].host', withCommand({ grants: [{ host: '/srv/agents-not', path: '/a' }] })],
    ['command.environment.A.from', withCommand({ environment: { A: { from: 'HOME' } } })],
    ['command.environment.A.from', withCommand({ environment: { A: { from: 'OPENAI_API_KEY' } } })],
    [
      'command.network.upstream.from',
      withCommand({ network: { upstream: { url: 'http://127.0.0.1:4010', from: 'SHOWN_TOKEN' } } }),
    ],
    [
      'command.network.hosts[0]',
      withCommand({ network: { hosts: ['example.com:443'], upstream: null } }),
    ],
    [
      'command.network.hosts[0]',
      withCommand({ network: { hosts: ['127.0.0.1:7233'], upstream: null } }),
    ],
    [
      'command.network.upstream.from',
      withCommand({ network: { upstream: { url: 'http://127.0.0.1:4010', from: 'HOME' } } }),
    ],
    ['command.limits.timeMs', withCommand({ limits: { timeMs: 0 } })],
  ])('is refused for its %s', async (field, body) => {
    const house = createHouse();

    const response = await house.post('/v1/agents', body);
    const { errors } = (await response.json()) as { errors: { field: string; expected: string }[] };

    expect(response.status).toBe(422);
    expect(errors.map((error) => error.field)).toEqual([field]);
  });

  test('may name a variable that programs may see', async () => {
    const house = createHouse();
    const environment = { A: { from: 'SHOWN_TOKEN' } };

    const response = await house.post('/v1/agents', withCommand({ environment }));

    expect(response.status).toBe(201);
  });

  test('may not send its key to a host that is not on the list', async () => {
    const house = createHouse();

    const upstream = { url: 'https://elsewhere.example.com' };
    const response = await house.post('/v1/agents', withCommand({ network: { upstream } }));

    expect(await response.json()).toMatchObject({ code: 'host-not-allowed' });
  });

  test('is refused where no folder is listed', async () => {
    const { deps } = createHouse();
    const { api } = createApp({ ...deps, commandFolders: [] });

    const response = await api.request('/v1/agents', {
      method: 'POST',
      body: JSON.stringify(program),
      headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/json' },
    });

    expect(response.status).toBe(422);
    expect(JSON.stringify(await response.json())).toContain(
      'CONCLAVE_COMMAND_FOLDERS names no folder',
    );
  });
});
