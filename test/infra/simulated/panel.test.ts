import { fork } from 'node:child_process';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createConnectorPool } from '../../../activities/models/connector-pool.ts';
import type { TurnTask } from '../../../domain/collaboration/fact.ts';
import { anonymousNames } from '../../../domain/prompts/anonymous-names.ts';
import { buildPrompt, buildRepair } from '../../../domain/prompts/build-prompt.ts';
import type { Prompt } from '../../../domain/prompts/material.ts';
import type { Protocol } from '../../../domain/protocols/protocol.ts';
import type { Agent } from '../../../domain/providers/agent.ts';
import { readReply } from '../../../domain/replies/read-reply.ts';
import { replySchema } from '../../../domain/replies/reply-schema.ts';
import type { ReadReply, ReplyContext } from '../../../domain/replies/reply.ts';
import { simulatedAgents } from '../../../infra/simulated/agents.ts';
import { material, own, proposals } from '../../domain/prompts/material.ts';
import { closed, sha256 } from '../../domain/replies/contexts.ts';
import { faultOf, startPanel } from '../../support/providers.ts';
import type { TestPanel } from '../../support/providers.ts';

const LATENCY_MS = 50;

let panel: TestPanel;
let agents: readonly Agent[];

beforeAll(async () => {
  panel = await startPanel(LATENCY_MS);
  agents = simulatedAgents(panel.url);
});

afterAll(async () => {
  await panel.close();
});

const options = material().options;

function contextOf(seat: string, fields: Partial<ReplyContext> = {}): ReplyContext {
  const names = anonymousNames('00ff', ['s1', 's2', 's3']);
  return {
    ...closed,
    options,
    self: names.get(seat) ?? '',
    arguments: [...names].map(([peer, name]) => ({ name, turn: `proposal-1-${peer}` })),
    previous: { kind: 'single', option: 'o1' },
    sha256,
    ...fields,
  };
}

async function ask(
  agent: Agent,
  task: TurnTask,
  { prompt, context }: { prompt: Prompt; context: ReplyContext },
): Promise<{ readonly text: string; readonly read: ReadReply }> {
  const pool = createConnectorPool({
    secret: () => undefined,
    allowedHosts: () => true,
    timeouts: { totalMs: 5000, chunkMs: 5000 },
  });
  const reply = await pool.connectorOf(agent).ask({
    system: prompt.system,
    parts: prompt.parts,
    schema: replySchema(task, context),
    maxOutputTokens: 1000,
    signal: new AbortController().signal,
  });
  return { text: reply.text, read: readReply(task, reply.text, reply.finish, context) };
}

function agentNamed(model: string): Agent {
  const [first] = agents;
  if (first === undefined) throw new Error('a panel without agents');
  return { ...first, name: model, model };
}

describe('the panel', () => {
  test('has five agents over four wire formats, all marked and with a dated price', () => {
    expect(agents.map(({ name }) => name)).toEqual([
      'sim-ada',
      'sim-bo',
      'sim-cy',
      'sim-dee',
      'sim-eve',
    ]);
    expect(new Set(agents.map(({ provider }) => provider)).size).toBe(4);
    expect(agents.every(({ simulated, price }) => simulated && price !== null)).toBe(true);
  });

  const protocols: readonly Protocol[] = [
    { kind: 'plurality' },
    { kind: 'approval' },
    { kind: 'ranked', method: 'schulze' },
    { kind: 'quorum', required: 2, veto: true },
  ];

  test.each(protocols)('gives good votes under $kind', async (protocol) => {
    const context = contextOf('s1', { protocol });
    const prompt = buildPrompt('vote', material({ protocol, passes: [] }));

    const replies = await Promise.all(
      agents.map((agent) => ask(agent, 'vote', { prompt, context })),
    );

    expect(replies.map(({ read }) => read.ok)).toEqual([true, true, true, true, true]);
  });

  test.each([
    'proposal',
    'revision',
    'critique',
    'nomination',
    'grouping',
    'judgement',
    'synthesis',
  ] as const)('does the task %s as asked, in the open and with options', async (task) => {
    for (const known of [options, []]) {
      const answers = [
        { key: 'a1', text: 'Postgres' },
        { key: 'a2', text: 'two\nlines' },
      ];
      const judged = task === 'judgement' && known.length === 0 ? answers : known;
      const previous = known.length === 0 ? null : contextOf('s1').previous;
      const context = contextOf('s1', { options: judged, answers, previous });
      const prompt = buildPrompt(task, material({ options: known, answers }));

      for (const agent of agents) {
        const { read, text } = await ask(agent, task, { prompt, context });

        expect([agent.name, text, read]).toMatchObject([agent.name, text, { ok: true }]);
      }
    }
  });

  test('changes its mind with a good citation', async () => {
    const entries = proposals.entries.map((entry) => ({
      ...entry,
      answer: entry.seat === 's1' ? 'Postgres' : 'SQLite',
    }));
    const passes = [{ ...proposals, entries }];
    const prompt = buildPrompt('revision', material({ passes, own: own('s1') }));

    const { read } = await ask(agentNamed('sim-cy'), 'revision', {
      prompt,
      context: contextOf('s1'),
    });

    expect(read).toMatchObject({
      ok: true,
      reply: { answer: 'SQLite', citing: expect.stringMatching(/^proposal-1-s[23]$/) as unknown },
    });
  });

  test.each([
    ['prose', 'not-json'],
    ['huge-confidence', 'invalid-confidence'],
    ['invented-answer', 'invalid-answer'],
    ['empty', 'empty'],
    ['half-json', 'not-json'],
    ['refusal', 'refusal'],
    ['cutoff', 'cut-off'],
  ])('misbehaves by name: %s is %s, and mends it when told where it may', async (name, fault) => {
    const context = contextOf('s1');
    const prompt = buildPrompt('vote', material());
    const first = await ask(agentNamed(`sim-${name}-once`), 'vote', { prompt, context });
    if (first.read.ok) throw new Error('expected a fault');
    const repair = buildRepair(prompt, { reply: first.text, ...first.read });

    const second = await ask(agentNamed(`sim-${name}-once`), 'vote', { prompt: repair, context });
    const stubborn = await ask(agentNamed(`sim-${name}`), 'vote', { prompt: repair, context });

    expect(first.read).toMatchObject({ fault });
    expect(second.read.ok).toBe(true);
    expect(stubborn.read).toMatchObject({ fault });
  });

  test('is flaky once per prompt', async () => {
    const question = { prompt: buildPrompt('vote', material()), context: contextOf('s1') };

    const fault = await faultOf(ask(agentNamed('sim-flaky-429'), 'vote', question));
    const again = await ask(agentNamed('sim-flaky-429'), 'vote', question);

    expect(fault).toMatchObject({ code: 'rate-limited', retryAfterMs: 100 });
    expect(again.read.ok).toBe(true);
  });

  test('counts what was asked how often, with the caller’s mark', async () => {
    const post = (turn: string): Promise<Response> =>
      fetch(`${panel.url}/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-conclave-turn': turn },
        body: JSON.stringify({ model: 'sim-counted', messages: [{ role: 'user', content: 'x' }] }),
      });
    await (await post('vote-1-s1')).text();
    await (await post('vote-1-s1')).text();

    const calls = (await panel.calls()).filter(({ model }) => model === 'sim-counted');

    expect(calls).toMatchObject([
      { calls: 2, completed: 2, inFlight: 0, aborted: 0, failed: 0, turn: 'vote-1-s1' },
    ]);
  });

  test('replies no sooner than it was told to', async () => {
    const start = performance.now();

    await ask(agentNamed('sim-timed'), 'vote', {
      prompt: buildPrompt('vote', material()),
      context: contextOf('s1'),
    });

    expect(performance.now() - start).toBeGreaterThanOrEqual(LATENCY_MS - 1);
  });

  test('answers without a stream, and refuses what is no JSON', async () => {
    const post = (path: string, body: string): Promise<Response> =>
      fetch(panel.url + path, { method: 'POST', body });
    const chat = { model: 'sim-x', messages: [{ role: 'user', content: 'x' }], stream: false };
    const paths = [
      '/openai/v1/chat/completions',
      '/openai/v1/responses',
      '/mistral/v1/chat/completions',
      '/anthropic/v1/messages',
      '/google/v1beta/models/sim-x:generateContent',
      '/ollama/api/chat',
    ];

    for (const path of paths) {
      const answer = await post(path, JSON.stringify(chat));

      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(JSON.stringify(await answer.json())).toContain('[simulated] sim-x');
      expect((await post(path, '{')).status).toBe(400);
    }
    expect((await fetch(`${panel.url}/elsewhere`)).status).toBe(404);
  });

  test.each([
    ['/google/v1beta/models/%zz:generateContent', 'sim-x'],
    ['/openai/v1/chat/completions', 'sim-huge-confidence'],
  ])('refuses at %s what it cannot make sense of, and lives on', async (path, model) => {
    const call = { model, messages: [{ role: 'user', content: 'no schema' }] };

    const answer = await fetch(panel.url + path, { method: 'POST', body: JSON.stringify(call) });

    expect(answer.status).toBe(400);
  });
});

describe('the panel as a process', () => {
  const MAIN = new URL('../../../infra/simulated/main.ts', import.meta.url).pathname;

  test('says when it is ready, is healthy, and ends with its parent’s channel', async () => {
    const child = fork(MAIN, ['--port', '0', '--latency-ms', '1'], { silent: true });
    const [ready] = (await once(child, 'message')) as [{ kind: string; address: string }];

    const health = await fetch(`${ready.address}/healthz`);
    child.disconnect();
    const [code] = (await once(child, 'exit')) as [number];

    expect(ready).toMatchObject({ kind: 'ready', version: '0.1.0' });
    expect(await health.json()).toEqual({ status: 'ok', version: '0.1.0' });
    expect(code).toBe(0);
  });

  test('refuses a flag that is no number', async () => {
    const child = fork(MAIN, ['--latency-ms', 'soon'], { silent: true });
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));

    const [code] = (await once(child, 'exit')) as [number];

    expect(code).toBe(2);
    expect(said).toContain('--latency-ms: got "soon", expected a whole number');
  });
});
