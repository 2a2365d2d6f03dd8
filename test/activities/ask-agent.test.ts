import { describe, expect, test } from '@jest/globals';
import { ActivityCancellationDetails } from '@temporalio/common';

import type { TurnFact } from '../../domain/collaboration/fact.ts';
import { turnRef } from '../../domain/collaboration/fact.ts';
import { inlineBytesMax } from '../../domain/ledger/event.ts';
import { rationaleCharactersMax } from '../../domain/replies/reply-limits.ts';
import { unknownUsage } from '../../domain/providers/usage.ts';
import { sha256Of } from '../../infra/signing.ts';
import { aCost, position } from '../support/drive.ts';
import {
  environmentAt,
  failureOf,
  faultWith,
  goodReply,
  pricedAgent,
  turnHouse,
} from './turn-house.ts';

const turn = turnRef('proposal', 1, 's1');

describe('a turn that has its fact', () => {
  const known: readonly (readonly ['recorded' | 'refused' | 'cancelled', TurnFact])[] = [
    ['recorded', position(turn, 'o1')],
    ['refused', { type: 'turn.refused', ...turn, reason: 'budget' }],
    ['cancelled', { type: 'turn.cancelled', ...turn, ...aCost }],
  ];

  test.each(known)('is answered with it and no call when it is %s', async (kind, fact) => {
    const house = turnHouse({ begins: [{ kind, fact }], acts: [] });

    const ending = await house.ask();

    expect(ending).toEqual(fact);
    expect(house.requests).toEqual([]);
    expect(house.settled).toEqual([]);
  });
});

describe('a good reply', () => {
  test('is settled with its words, its cost and who gave it', async () => {
    const house = turnHouse();

    const ending = await house.ask();

    expect(ending).toEqual({
      type: 'position.submitted',
      ...turn,
      choice: { kind: 'single', option: 'o1' },
      confidence: 0.8,
      citing: null,
      usage: { inputTokens: 100, cachedTokens: 0, outputTokens: 50 },
      microsUsd: 150,
    });
    expect(house.settled).toMatchObject([
      {
        collaborationId: 'c_tested',
        source: '/collaborations/c_tested/seats/s1',
        outcome: { content: { answer: 'yes', agent: 'a1', model: 'a1-model', repaired: null } },
      },
    ]);
  });

  test('leaves its long texts in the artifact store', async () => {
    const rationale = '語'.repeat(rationaleCharactersMax);
    const house = turnHouse({
      acts: [{ text: JSON.stringify({ answer: 'yes', rationale, evidence: [], confidence: 0.8 }) }],
    });

    await house.ask();

    const content = house.settled[0]?.outcome.content;
    const [[sha256, stored]] = [...house.texts] as [[string, string]];
    expect(content?.answer).toBe('yes');
    expect(content?.rationale).toEqual({ artifact: sha256, bytes: Buffer.byteLength(stored) });
    expect(Buffer.byteLength(stored)).toBeGreaterThan(inlineBytesMax);
    expect(sha256).toBe(sha256Of(stored));
  });

  test('whose use is unknown is charged at what was reserved', async () => {
    const house = turnHouse({ acts: [{ ...goodReply, usage: unknownUsage }] });

    const ending = await house.ask();

    // 200 tokens of prompt and 500 of reply, at a micro-dollar each.
    expect(ending).toMatchObject({
      usage: unknownUsage,
      microsUsd: null,
      charged: { tokens: 700, microsUsd: 700 },
    });
  });

  test('whose price is unknown is charged by its tokens alone', async () => {
    const house = turnHouse({ agents: [pricedAgent('a1', { price: null })] });

    const ending = await house.ask();

    expect(ending).toMatchObject({ microsUsd: null, charged: { tokens: 150, microsUsd: 0 } });
  });
});

describe('a reply that is not what was asked', () => {
  test('is repaired once, and both calls are paid', async () => {
    const house = turnHouse({ acts: [{ text: 'I would say yes.' }, goodReply] });

    const ending = await house.ask();

    expect(ending).toMatchObject({
      type: 'position.submitted',
      usage: { inputTokens: 200, cachedTokens: 0, outputTokens: 100 },
      microsUsd: 300,
    });
    expect(house.settled[0]?.outcome.content?.repaired).toMatch(/JSON/);
    expect(house.requests).toHaveLength(2);
  });

  test('has its second call reserved before it is made, by this worker and try', async () => {
    const house = turnHouse({
      acts: [{ text: 'Yes.' }, goodReply],
      begins: [{ kind: 'begun', attempts: 3 }],
    });

    await house.ask();

    // The first call, 200 tokens of prompt and 500 of reply; then both again to be read, 500 words around, 500 of reply.
    const reserve = { tokens: 700 + 1700, microsUsd: 700 + 1700 };
    expect(house.extended).toMatchObject([{ workerId: 'w1', attempt: 3, reserve }]);
  });

  test('abstains with its fault where the budget has no room to ask again, and says so', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }], extension: 'no-room' });

    const ending = await house.ask();

    expect(ending).toMatchObject({ type: 'turn.abstained', reason: 'not-json', microsUsd: 150 });
    expect(house.requests).toHaveLength(1);
    const content = house.settled[0]?.outcome.content;
    expect(content).toMatchObject({ repaired: null, unrepaired: 'budget' });
  });

  test('is not asked again for a pass that has closed', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }], extension: 'over' });

    await expect(house.ask()).resolves.toMatchObject({ reason: 'not-json', microsUsd: 150 });
    expect(house.settled[0]?.outcome.content).not.toHaveProperty('unrepaired');
  });

  test('is left to another try that has taken the turn over', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }], extension: 'taken' });

    expect(await failureOf(house.ask())).toMatchObject({ type: 'worker-lost' });
    expect(house.requests).toHaveLength(1);
    expect(house.settled).toEqual([]);
  });

  test('is charged with both calls when the second fails for good, though that one was refused', async () => {
    const fault = faultWith({ disposition: 'never', code: 'unauthorised', status: 401 });
    const house = turnHouse({ acts: [{ text: 'Yes.' }, { fault }] });

    await expect(house.ask()).resolves.toMatchObject({
      reason: 'provider-failed',
      usage: unknownUsage,
      microsUsd: null,
      charged: { tokens: 2400, microsUsd: 2400 },
    });
  });

  test('is charged with both calls when their use is unknown', async () => {
    const acts = [{ text: 'Yes.' }, { ...goodReply, usage: unknownUsage }];
    const house = turnHouse({ acts });

    await expect(house.ask()).resolves.toMatchObject({
      charged: { tokens: 2400, microsUsd: 2400 },
    });
  });

  test('is an abstention with its reason when the repair is no better', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }, { text: 'Yes!' }] });

    const ending = await house.ask();

    expect(ending).toMatchObject({ type: 'turn.abstained', reason: 'not-json', microsUsd: 300 });
    expect(house.settled[0]?.outcome.content?.answer).toBe('');
  });

  test('is not repaired when it declines in good form', async () => {
    const house = turnHouse({ acts: [{ text: '{"abstain": true}' }] });

    await expect(house.ask()).resolves.toMatchObject({
      type: 'turn.abstained',
      reason: 'declined',
      microsUsd: 150,
    });
    expect(house.requests).toHaveLength(1);
  });
});

describe('a call that is stopped', () => {
  test('because its pass has closed is settled as cancelled, at what was reserved', async () => {
    const house = turnHouse({ acts: ['waits'] });
    const environment = environmentAt();

    const asked = house.ask(environment);
    await house.waiting;
    environment.cancel();

    await expect(asked).resolves.toEqual({
      type: 'turn.cancelled',
      ...turn,
      usage: unknownUsage,
      microsUsd: null,
      charged: { tokens: 700, microsUsd: 700 },
    });
    expect(house.faults).toEqual([]);
  });

  test('by name, through the database, is settled as cancelled too', async () => {
    const house = turnHouse({ acts: ['waits'] });

    const asked = house.ask();
    await house.waiting;
    house.calls.stop('c_tested', [turn.turn]);

    await expect(asked).resolves.toMatchObject({ type: 'turn.cancelled' });
  });

  test('because its worker ends is released and made again at once', async () => {
    const house = turnHouse({ acts: ['waits'] });
    const environment = environmentAt();

    const asked = house.ask(environment);
    await house.waiting;
    environment.cancel(
      'WORKER_SHUTDOWN',
      new ActivityCancellationDetails({ workerShutdown: true }),
    );

    const failure = await failureOf(asked);
    expect(failure).toMatchObject({ type: 'worker-lost', nextRetryDelay: 1 });
    expect(house.released).toMatchObject([{ turn, attempt: 1, mayHaveCost: true }]);
    expect(house.settled).toEqual([]);
  });
});

describe('a turn of an agent that nobody knows', () => {
  test('fails before anything is begun', async () => {
    const house = turnHouse({ agents: [], begins: [] });

    await expect(house.ask()).rejects.toThrow('agent: got a1, expected one that was registered');
  });
});
