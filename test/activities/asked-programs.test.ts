import { describe, expect, test } from '@jest/globals';

import { failedProgram } from '../../activities/command-evidence.ts';
import { CommandFaultError, faultOfFailure } from '../../activities/commands/command-fault.ts';
import { localFault, ProviderFaultError } from '../../activities/models/fault.ts';
import { RepairFaultError } from '../../activities/model-call.ts';
import { commandFailure } from '../../domain/commands/command-output.ts';
import type { CommandTrace } from '../../domain/commands/command-trace.ts';
import { goodReply, pricedAgent, turnHouse } from './turn-house.ts';

const trace: CommandTrace = {
  record: {
    backend: { name: 'bwrap', version: '0.11.0', proven: ['namespaces'] },
    status: 'ok',
    exitCode: 0,
    durationMs: 2100,
    peakMemoryBytes: 300_000_000,
    grants: [{ host: '/srv/docs', path: '/docs', mode: 'read' }],
    hosts: [],
    grantedVariables: ['OWN_KEY'],
    traffic: [],
  },
  stdout: 'said',
  stderr: 'warned',
};
const answer = { ...goodReply, command: trace };

test("a program's answer is a position with the cost that the program told", async () => {
  const house = turnHouse({ acts: [{ ...answer, costMicrosUsd: 15_565 }] });

  expect(await house.ask()).toMatchObject({ type: 'position.submitted', microsUsd: 15_565 });
});

test('a cost that a program told counts, though it tells of no token', async () => {
  const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
  const house = turnHouse({ acts: [{ ...answer, usage, costMicrosUsd: 15_565 }] });

  expect(await house.ask()).toMatchObject({ microsUsd: 15_565 });
});

test('a program that tells no cost has the one of its price, or none', async () => {
  const priced = turnHouse({ acts: [answer] });
  const unpriced = turnHouse({ acts: [answer], agents: [pricedAgent('a1', { price: null })] });

  expect(await priced.ask()).toMatchObject({ microsUsd: 150 });
  expect(await unpriced.ask()).toMatchObject({ microsUsd: null, charged: { tokens: 150 } });
});

test('what a program printed is kept as an artifact, beside the record of its run', async () => {
  const house = turnHouse({ acts: [answer] });

  await house.ask();

  const [[sha256, stored]] = [...house.texts] as [[string, string]];
  expect(JSON.parse(stored)).toEqual({ stdout: 'said', stderr: 'warned' });
  expect(house.settled[0]?.outcome.content?.commands).toEqual([
    { ...trace.record, output: { artifact: sha256, bytes: Buffer.byteLength(stored) } },
  ]);
});

test('a repaired answer tells of both runs, and of a cost that both told', async () => {
  const first = { text: 'Yes.', command: trace, costMicrosUsd: 10 };
  const told = turnHouse({ acts: [first, { ...answer, costMicrosUsd: 20 }] });
  const half = turnHouse({ acts: [first, answer], agents: [pricedAgent('a1', { price: null })] });

  expect(await told.ask()).toMatchObject({ microsUsd: 30 });
  expect(await half.ask()).toMatchObject({ microsUsd: null });
  expect(told.settled[0]?.outcome.content?.commands).toHaveLength(2);
});

test('a model that is asked by HTTP has no runs to tell of', async () => {
  const house = turnHouse();

  await house.ask();

  expect(house.settled[0]?.outcome.content).not.toHaveProperty('commands');
});

test('a program that ran and failed for good is charged as if it had been paid', async () => {
  const ran = turnHouse({
    acts: [{ fault: faultOfFailure(commandFailure('asked-question', 'it asks')) }],
  });
  const missing = turnHouse({
    acts: [{ fault: faultOfFailure(commandFailure('exit-code', 'not there', { exitCode: 127 })) }],
  });

  expect(await ran.ask()).toMatchObject({
    type: 'turn.abstained',
    charged: { tokens: 700, microsUsd: 700 },
  });
  expect(await missing.ask()).toMatchObject({ type: 'turn.abstained', microsUsd: 0 });
});

test('a program that may not run any more is an abstention that says so, and costs nothing', async () => {
  const fault = { ...localFault('not-permitted', 'may not run code'), isUnsent: true as const };
  const house = turnHouse({ acts: [{ fault }] });

  expect(await house.ask()).toMatchObject({
    type: 'turn.abstained',
    reason: 'not-permitted',
    microsUsd: 0,
  });
  expect(house.faults).toEqual([expect.stringMatching(/ never$/)]);
});

test('a program that may not run again for a repair leaves its first reply, and what that cost', async () => {
  const fault = { ...localFault('not-permitted', 'may not run code'), isUnsent: true as const };
  const house = turnHouse({ acts: [{ text: 'Yes.', command: trace }, { fault }] });

  expect(await house.ask()).toMatchObject({
    type: 'turn.abstained',
    reason: 'not-json',
    usage: { inputTokens: 100, cachedTokens: 0, outputTokens: 50 },
    microsUsd: 150,
  });
  const content = house.settled[0]?.outcome.content;
  expect(content).toMatchObject({ repaired: null, unrepaired: 'not-permitted' });
  expect(content?.commands).toHaveLength(1);
});

test('an answer of the provider decides over its HTTP status what becomes of the turn', () => {
  const failure = (httpStatus: number, tokens: number | null): unknown =>
    faultOfFailure(
      commandFailure('reported-error', 'the program says that it failed', {
        httpStatus,
        usage: { inputTokens: tokens, cachedTokens: null, outputTokens: null },
      }),
    );

  expect(failure(429, null)).toMatchObject({ disposition: 'retry-after', code: 'rate-limited' });
  expect(failure(401, null)).toEqual({
    disposition: 'never',
    code: 'unauthorised',
    message: 'the program says that it failed',
    status: 401,
    retryAfterMs: null,
  });
  expect(failure(500, 12)).toMatchObject({ disposition: 'retry-now', mayHaveCost: true });
});

test('words that sound as if it will pass make a failure one to try again', () => {
  const words = (isPassing: boolean): unknown =>
    faultOfFailure(commandFailure('reported-error', 'it failed', { isPassing }));

  expect(words(true)).toMatchObject({ disposition: 'retry-now', code: 'server-error' });
  expect(words(false)).toMatchObject({ disposition: 'never', code: 'server-error' });
});

describe('a program that failed', () => {
  const artifacts = (kept: string[]) => ({
    put: (_tenantId: string, bytes: Uint8Array) => {
      kept.push(new TextDecoder().decode(bytes));
      return Promise.resolve({ sha256: 'f00d' });
    },
  });
  const failed = new CommandFaultError(commandFailure('half-output', 'it breaks off'), trace);

  test('has what it printed kept, and the log told where; nothing that it wrote is told', async () => {
    const kept: string[] = [];

    const fields = await failedProgram(artifacts(kept), 'one', failed);

    expect(kept).toEqual(['{"stdout":"said","stderr":"warned"}']);
    expect(fields).toEqual({
      ...{ reason: 'half-output', status: 'ok', exitCode: 0, durationMs: 2100 },
      peakMemoryBytes: 300_000_000,
      output: { artifact: 'f00d', bytes: 35 },
    });
  });

  test('is told of as the second call of a turn, and while the store is away', async () => {
    const away = { put: () => Promise.reject(new Error('no store')) };
    const second = new RepairFaultError(failed.fault, { cause: failed });

    expect(await failedProgram(away, 'one', second)).toMatchObject({
      reason: 'half-output',
      output: null,
    });
  });

  test('is not told of where it was stopped, or where none ran', async () => {
    const stopped = new CommandFaultError(commandFailure('cancelled', 'stopped'), trace);
    const plain = new ProviderFaultError(failed.fault);

    expect(await failedProgram(artifacts([]), 'one', stopped)).toBeNull();
    expect(await failedProgram(artifacts([]), 'one', plain)).toBeNull();
  });
});
