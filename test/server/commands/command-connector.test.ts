import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import { withCommands } from '../../../activities/commands/command-pool.ts';
import { detectProgram, detectVersion, dryCall } from '../../../activities/commands/detection.ts';
import { ProviderFaultError } from '../../../activities/models/fault.ts';
import type { ModelReply } from '../../../domain/providers/model-connector.ts';
import { programsGrant } from '../../support/programs/fake-program.ts';
import { agentAt, faultOf, startServer } from '../../support/providers.ts';
import { commandHouse, failureOf, fakeCommand, question } from './command-house.ts';
import type { CommandHouse } from './command-house.ts';

const programsRead = { ...programsGrant, mode: 'read' };
const KEY = 'key-of-the-test-0123456789';
const never = new AbortController().signal;
const text = { output: { kind: 'text' } };
const installMs = 300_000;
const briefly = { limits: { timeMs: 4000 } };

let house: CommandHouse;

beforeAll(async () => {
  house = await commandHouse({ OWN_KEY: KEY });
}, installMs);

afterAll(async () => {
  const left = house.leftOver();
  await house.close();
  if (left.length > 0) throw new Error(`calls left ${left.join(', ')} behind`);
});

const ask = async (behaviour: readonly string[], fields: object = {}): Promise<ModelReply> =>
  await house.connector(fakeCommand(behaviour, fields)).ask(question());

describe('a program that answers', () => {
  test('gives text, tokens, cost and model, and the trace of its run', async () => {
    const reply = await ask(['print', 'claude-answer']);

    expect(reply).toMatchObject({
      text: '{"answer":"yes"}',
      finish: 'stop',
      model: 'sim-tested',
      usage: { inputTokens: 3143, cachedTokens: 100, outputTokens: 16 },
      costMicrosUsd: 15_565,
      command: {
        stderr: '',
        record: {
          status: 'ok',
          exitCode: 0,
          grants: [programsRead],
          grantedVariables: [],
          traffic: [],
        },
      },
    });
    expect(reply.command?.stdout).toContain('"total_cost_usd":0.015565');
  });

  test.each(['gemini', 'codex', 'opencode'] as const)('may be %s', async (kind) => {
    const fields = { output: { kind }, environment: {}, files: {} };

    expect(await ask(['print', `${kind}-answer`], fields)).toMatchObject({
      text: '{"answer":"yes"}',
    });
  });

  test('says nothing of a cost that it does not tell, and has the model that was asked', async () => {
    const reply = await ask(['print', 'text-answer'], text);

    expect(reply).toMatchObject({ model: 'm-1', usage: { inputTokens: null } });
    expect(reply).not.toHaveProperty('costMicrosUsd');
  });

  test('may talk on standard error and warn before it answers', async () => {
    expect(await ask(['chatty'])).toMatchObject({ finish: 'stop' });
    expect(await ask(['warnings'], { output: { kind: 'codex' } })).toMatchObject({
      finish: 'stop',
    });
  });

  test('has the prompt, its files and its own variables, and none of the worker', async () => {
    const reply = await ask(['mirror', '{model}', 'file:{workFolder}/a/b.json'], {
      output: { kind: 'json', answer: 'answer' },
      environment: { OWN: 'value of {model}', SECRET: { from: 'OWN_KEY' } },
      files: { 'a/b.json': '{"model":"{model}"}' },
    });
    const mirrored = JSON.parse(reply.text) as { env: object; prompt: string };

    expect(mirrored).toMatchObject({
      prompt: 'Be exact.\n\nWhich one?',
      env: { OWN: 'value of m-1', TERM: 'dumb', SECRET: '[blotted out]' },
    });
    expect(Object.values((mirrored as unknown as { contents: object }).contents)).toEqual([
      '{"model":"m-1"}',
    ]);
    const names = Object.keys(mirrored.env).filter((name) => !name.startsWith('npm_config_'));
    expect(names.sort()).toEqual(
      [
        ...['CI', 'HOME', 'NO_COLOR', 'OWN', 'PATH', 'SECRET', 'TERM'],
        // What every run has.
        ...['CONCLAVE_SEED', 'LANG', 'PWD', 'TMPDIR', 'USER'],
      ].sort(),
    );
    expect(reply.command?.record.grantedVariables).toEqual(['OWN_KEY']);
  });

  test('finds standard input empty where the prompt is an argument', async () => {
    const fields = { output: { kind: 'json', answer: 'answer' } };
    const reply = await ask(['mirror', '{prompt}'], fields);

    expect(JSON.parse(reply.text)).toMatchObject({
      prompt: '',
      arguments: ['Be exact.\n\nWhich one?'],
    });
  });
});

describe('a program that misbehaves', () => {
  test.each([
    ['half', [], 'half-output', 'malformed', 'retry-now'],
    ['empty', [], 'no-output', 'malformed', 'retry-now'],
    ['exit', ['3'], 'exit-code', 'server-error', 'retry-now'],
    ['exit', ['2'], 'exit-code', 'bad-request', 'never'],
    ['exit', ['127'], 'exit-code', 'not-found', 'never'],
    ['crash', [], 'ended-by-signal', 'server-error', 'retry-now'],
    ['flood', [], 'output-limit', 'malformed', 'never'],
    ['ask', [], 'asked-question', 'bad-request', 'never'],
    ['error', [], 'reported-error', 'unauthorised', 'never'],
    ['print', ['text-answer'], 'unreadable-output', 'malformed', 'never'],
  ] as const)('fails: %s %j', async (behaviour, rest, reason, code, disposition) => {
    const { failure, fault, trace } = await failureOf(ask([behaviour, ...rest]));

    expect(failure.reason).toBe(reason);
    expect(fault).toMatchObject({ code, disposition });
    expect(trace.record.status).not.toBe('refused');
    expect(fault.message).not.toMatch(/none of your business/);
  });

  test.each([
    ['hang', 'time-limit', 'timeout'],
    ['deaf', 'time-limit', 'timeout'],
    ['ask-and-hang', 'asked-question', 'bad-request'],
  ] as const)('is ended after its time: %s', async (behaviour, reason, code) => {
    const { failure, fault } = await failureOf(ask([behaviour], briefly));

    expect(failure.reason).toBe(reason);
    expect(fault).toMatchObject({ code, mayHaveCost: true });
  });

  test('keeps what it printed before it failed, without what it may have cost for certain', async () => {
    const { failure, trace } = await failureOf(ask(['half']));

    expect(trace.stdout).toMatch(/^\{"type":"result"/);
    expect(failure).toMatchObject({ costMicrosUsd: null, usage: { inputTokens: null } });
  });

  test('is stopped within a second of its cancellation', async () => {
    const signal = AbortSignal.timeout(400);
    let cancelledAt = 0;
    signal.addEventListener('abort', () => {
      cancelledAt = performance.now();
    });
    const { fault } = await failureOf(
      house.connector(fakeCommand(['deaf'])).ask(question({ signal })),
    );

    expect(fault.code).toBe('cancelled');
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
  });

  test('is not run after a cancellation', async () => {
    const before = house.runs.length;
    const asked = house
      .connector(fakeCommand(['empty']))
      .ask(question({ signal: AbortSignal.abort() }));

    expect(await faultOf(asked)).toMatchObject({ code: 'cancelled' });
    expect(house.runs).toHaveLength(before);
  });
});

describe('a key', () => {
  test('that is granted by name is in no argument, reply, trace or message', async () => {
    const fields = { ...text, environment: { OWN_KEY: { from: 'OWN_KEY' } } };
    const before = house.runs.length;
    const reply = await ask(['leak'], fields);
    const run = house.runs[before];

    expect(JSON.stringify(reply)).not.toContain(KEY);
    expect(reply.text).toBe('my key is [blotted out]');
    expect(run?.argv.join(' ')).not.toContain(KEY);
    expect(run?.env['OWN_KEY']).toBe(KEY);
  });

  test('that is held by the proxy reaches the provider and never the program', async () => {
    const heard: string[] = [];
    const provider = await startServer((response, path) => {
      heard.push(
        path,
        String(response.req.headers['x-own-key']),
        String(response.req.headers['x-api-key']),
        String(response.req.headers.authorization),
      );
      response.end('fine');
    });
    const url = `${provider.url}/anthropic/`;
    const upstream = { url, header: 'x-own-key', prefix: '', from: 'OWN_KEY' };
    const reply = await ask(['call-provider'], {
      ...text,
      environment: { BASE_URL: '{baseUrl}' },
      network: { upstream },
    });
    await provider.close();

    expect(reply.text).toBe('200 fine');
    expect(heard).toEqual(['/anthropic/v1/messages?beta=1', KEY, 'undefined', 'undefined']);
    expect(JSON.stringify(house.runs.at(-1))).not.toContain(KEY);
    expect(reply.command?.record.hosts).toEqual([new URL(provider.url).host]);
    expect(reply.command?.record.traffic).toEqual([
      {
        host: new URL(provider.url).host,
        isAllowed: true,
        requests: 1,
        sentBytes: 'Be exact.\n\nWhich one?'.length,
        receivedBytes: 'fine'.length,
      },
    ]);
  });

  test('that is missing is asked for by its name', async () => {
    const missing = { from: 'OTHER_KEY' };
    const inEnvironment = ask(['empty'], { environment: { A: missing } });
    const atProxy = ask(['empty'], {
      network: { upstream: { url: 'https://a', from: 'OTHER_KEY' } },
    });

    const message = 'OTHER_KEY: not set; agent fake needs it';
    expect(await faultOf(inEnvironment)).toMatchObject({ code: 'key-missing', message });
    expect(await faultOf(atProxy)).toMatchObject({ code: 'key-missing', message });
  });
});

describe('the way out', () => {
  test('is the only one: what listens on this machine is not there for a program', async () => {
    const provider = await startServer((response) => response.end('fine'));
    const network = { hosts: [new URL(provider.url).host], upstream: null };
    const directly = await ask(['call-directly', provider.url], { ...text, network });
    const byProxy = await ask(['call-by-proxy', provider.url], { ...text, network });
    await provider.close();

    expect(directly.text).toBe('not reached: ECONNREFUSED');
    expect(byProxy.text).toBe('200 fine');
    expect(directly.command?.record.traffic).toEqual([]);
  });

  test('refuses what is not granted, says why, and counts it', async () => {
    const fields = { ...text, network: { hosts: ['127.0.0.1:9'], upstream: null } };
    const reply = await ask(['call-by-proxy', 'http://elsewhere.example.com/a'], fields);

    expect(reply.text).toMatch(/^403 elsewhere\.example\.com:80 is not among the hosts/);
    expect(reply.command?.record.hosts).toEqual(['127.0.0.1:9']);
    expect(reply.command?.record.traffic).toMatchObject([
      { host: 'elsewhere.example.com:80', isAllowed: false, requests: 1 },
    ]);
  });

  test('is refused where the list of the house does not have it', async () => {
    const asked = ask(['empty'], { network: { hosts: ['forbidden.example.com:443'] } });

    expect(await faultOf(asked)).toMatchObject({
      code: 'host-not-allowed',
      message: expect.stringContaining('forbidden.example.com'),
    });
  });
});

test('an image is refused before anything runs', async () => {
  const image = { kind: 'image' as const, mediaType: 'image/png', base64: '', stable: true };
  const asked = house.connector(fakeCommand(['empty'])).ask(question({ parts: [image] }));

  expect(await faultOf(asked)).toMatchObject({
    code: 'bad-request',
    message: 'agent fake: it takes no images',
  });
});

test('a sandbox that fails itself is a fault that may pass', async () => {
  const sandbox = await house.deps.sandbox();
  const failing = { ...sandbox, run: () => Promise.reject(new Error('no cgroup')) };
  const deps = { ...house.deps, sandbox: () => Promise.resolve(failing) };
  const command = fakeCommand(['empty']);
  const connector = createCommandConnector(
    { name: 'a', model: 'm', command, simulated: true },
    deps,
  );

  await expect(connector.ask(question())).rejects.toBeInstanceOf(ProviderFaultError);
  expect(await faultOf(connector.ask(question()))).toMatchObject({ disposition: 'retry-now' });
  expect(await connector.probe(never)).toMatchObject({
    status: 'failing',
    detail: 'the sandbox failed',
  });
});

describe('detection', () => {
  const script = { path: '/usr/bin/env' };

  test('reads a version out of what --version says', async () => {
    const found = await detectVersion({ command: fakeCommand([]) }, house.deps, never);

    expect(found).toEqual({
      isThere: true,
      version: '1.2.3-test',
      detail: '1.2.3-test',
    });
    expect(await house.connector(fakeCommand([])).probe(never)).toMatchObject({ status: 'ok' });
  });

  test('says that a program is not there', async () => {
    const command = fakeCommand([], { path: '/nowhere/own' });

    expect(await detectVersion({ command }, house.deps, never)).toEqual({
      isThere: false,
      version: null,
      detail: '/nowhere/own cannot be run',
    });
  });

  test('says that a program fails, names no version, or does not end', async () => {
    const versionOf = async (path: string): Promise<unknown> =>
      await detectVersion({ command: fakeCommand([], { path }) }, house.deps, never);

    expect(await versionOf('/usr/bin/false')).toMatchObject({ isThere: false });
    expect(await versionOf('/usr/bin/echo')).toMatchObject({ isThere: true });
    const cancelled = await detectVersion(
      { command: fakeCommand([], script) },
      house.deps,
      AbortSignal.timeout(1),
    );
    expect(cancelled.isThere).toBe(false);
  });

  test('sees by a dry call what a program tells', async () => {
    const told = await dryCall(house.connector(fakeCommand(['print', 'claude-answer'])), never);
    const untold = await dryCall(
      house.connector(fakeCommand(['print', 'text-answer'], text)),
      never,
    );
    const failed = await dryCall(house.connector(fakeCommand(['exit', '2'])), never);

    expect(told).toMatchObject({ isAnswering: true, hasUsage: true, hasCost: true });
    expect(untold).toMatchObject({ isAnswering: true, hasUsage: false, hasCost: false });
    expect(failed).toMatchObject({
      isAnswering: false,
      detail: 'the program ended with the exit code 2',
    });
  });
});

describe('what is found out of a program', () => {
  const found = async (fields: object): Promise<unknown> => {
    const command = fakeCommand(['print', 'claude-answer'], fields);
    const about = { command, connector: house.connector(command) };
    return await detectProgram(about, house.deps, never);
  };

  test('is its version and what a dry call shows', async () => {
    expect(await found({})).toMatchObject({
      version: '1.2.3-test',
      capabilities: { isAnswering: true, hasCost: true },
    });
  });

  test('is its version alone where it is not there, or no dry call is wanted', async () => {
    expect(await found({ isDryCalled: false })).toMatchObject({
      version: '1.2.3-test',
      capabilities: null,
    });
    expect(await found({ path: '/nowhere/own' })).toMatchObject({
      isThere: false,
      capabilities: null,
    });
  });
});

describe('a pool of connectors', () => {
  const pool = { connectorOf: () => house.connector(fakeCommand(['empty'])) };
  const agent = agentAt('http://127.0.0.1:9', { provider: 'anthropic', name: 'one' });

  test('reaches programs and everything else', () => {
    const command = fakeCommand(['empty']);
    const other = pool.connectorOf();
    const both = withCommands({ connectorOf: () => other }, house.deps);

    expect(both.connectorOf(agent)).toBe(other);
    expect(both.connectorOf({ ...agent, command })).toMatchObject({
      provider: 'command',
      model: agent.model,
      simulated: true,
    });
  });

  test('says that a worker without a sandbox cannot run a program', async () => {
    const command = fakeCommand(['empty']);
    const asked = Promise.resolve().then(() =>
      withCommands(pool, null).connectorOf({ ...agent, command }),
    );

    expect(await faultOf(asked)).toMatchObject({
      message: 'agent one is a program, and this worker has no sandbox to run it in',
      disposition: 'retry-now',
      isUnsent: true,
    });
  });
});
