import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { FactOf, TurnFact } from '../../../domain/collaboration/fact.ts';
import type { BudgetLimits } from '../../../domain/collaboration/plan.ts';
import { eventOf, factOf, type TurnOutcome } from '../../../domain/ledger/event.ts';
import { foldRun } from '../../../domain/machines.ts';
import { noUsage, unknownUsage } from '../../../domain/providers/usage.ts';
import type { ReleaseInput, Try } from '../../../infra/stores/turn-store.ts';
import {
  beginOf,
  closingOf,
  firstTry,
  openFixture,
  positionOf,
  proposal,
  settledFact,
  settleOf,
  time,
  unlimited,
  zeros,
} from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

const turn = proposal('s1');
const secondTry: Try = { workerId: 'worker-2', attempt: 2 };
const held = { tokens: 100, microsUsd: 1000 };
const once = { calls: 1, ...held };
const cost = { usage: { inputTokens: 40, cachedTokens: 0, outputTokens: 20 }, microsUsd: 600 };
const paid = { tokens: 60, microsUsd: 600 };
const nothing = { tokens: 0, microsUsd: 0 };

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** Begins seat `s1` by a worker who dies, and once more by another. */
async function openWithLostCall(id: string, budget: BudgetLimits = unlimited): Promise<string> {
  await fixture.openRun(id, budget);
  await fixture.stores.turns.begin(beginOf(id, turn));
  await fixture.stores.turns.begin(beginOf(id, turn, { workerId: 'worker-2' }));
  return id;
}

const releaseOf = (collaborationId: string, tried: Try, mayHaveCost = true): ReleaseInput => ({
  ...{ tenantId: 'one', collaborationId, turn },
  ...{ ...tried, mayHaveCost },
});

const ended = (fact: TurnFact): TurnOutcome => ({ fact, content: null });

const failed: FactOf<'turn.abstained'> = {
  type: 'turn.abstained',
  ...turn,
  reason: 'provider-failed',
  usage: noUsage,
  microsUsd: 0,
};

async function sealRun(id: string): Promise<void> {
  await fixture.stores.collaborations.seal({
    tenantId: 'one',
    collaborationId: id,
    status: 'completed',
    recordSha256: zeros,
    transcriptSha256: zeros,
    decision: {} as never,
    event: {
      id: `${id}/sealed`,
      type: 'conclave.decision.sealed.v1',
      source: '/tests',
      subject: id,
      time,
      data: {},
    },
  });
}

describe('a call that is made again', () => {
  test('counts with what was reserved for it beside what the answer cost', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('again');

    const fact = await settledFact(turns, settleOf(id, turn, undefined, secondTry));

    expect(fact).toEqual({ ...positionOf(turn).fact, lost: once });
    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: nothing,
      settled: { tokens: 160, microsUsd: 1600 },
    });
  });

  test('leaves the budget as the facts fold to it', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('folded');
    await turns.release(releaseOf(id, secondTry));
    await turns.begin(beginOf(id, turn));
    await turns.settle(settleOf(id, turn, undefined, { ...firstTry, attempt: 3 }));

    const facts = (await fixture.eventsOf(id)).map(factOf).filter((fact) => fact !== undefined);

    const { spent } = foldRun(facts);
    expect((await fixture.budgetOf(id))?.settled).toEqual({
      tokens: spent.tokens,
      microsUsd: spent.microsUsd,
    });
    expect(spent).toMatchObject({ tokens: 260, microsUsd: 2600, calls: 3, unknownCalls: 2 });
  });

  test.each([
    [true, once, held],
    [false, undefined, nothing],
  ])(
    'after a failure that may have cost something, %p, is lost or not',
    async (may, lost, left) => {
      const { turns } = fixture.stores;
      const id = await fixture.openRun(`failure-${String(may)}`);
      await turns.begin(beginOf(id, turn));
      await turns.release(releaseOf(id, firstTry, may));
      await turns.release(releaseOf(id, firstTry, may));
      const reserved = (await fixture.budgetOf(id))?.reserved;

      const begun = await turns.begin(beginOf(id, turn));

      expect(reserved).toEqual(left);
      expect(begun).toEqual({ kind: 'begun', attempts: 2, ...(lost && { lost }) });
    },
  );

  test('is refused where what the lost one may have cost leaves no room, and that is told', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('no-room-left', { tokens: 199, microsUsd: null });
    await turns.begin(beginOf(id, turn));

    const refused = await turns.begin(beginOf(id, turn));

    const fact = { type: 'turn.refused', reason: 'budget', ...turn, lost: once };
    expect(refused).toEqual({ kind: 'refused', fact });
    expect(await fixture.budgetOf(id)).toMatchObject({ reserved: nothing, settled: held });
  });

  test('is forgotten by nobody when its dead worker is', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('forgotten-worker');
    await turns.begin(beginOf(id, turn, { workerId: 'doomed' }));
    await fixture.owner.sql`select conclave.worker_forget('doomed')`;

    const begun = await turns.begin(beginOf(id, turn));

    expect(begun).toEqual({ kind: 'begun', attempts: 2, lost: once });
  });

  test('becomes the cost of a turn that ends without another one', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('lost-twice');
    await turns.recordFacts(closingOf(id, [turn.turn]));

    const cancelled = await turns.begin(beginOf(id, turn));

    const unknown = { usage: unknownUsage, microsUsd: null, charged: held };
    const fact = { type: 'turn.cancelled', ...turn, ...unknown, lost: once };
    expect(cancelled).toEqual({ kind: 'cancelled', fact });
    expect((await fixture.budgetOf(id))?.settled).toEqual({ tokens: 200, microsUsd: 2000 });
  });

  test('is not lost when its pass closes right after it was refused', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('refused-and-closed');
    await turns.begin(beginOf(id, turn));
    await turns.recordFacts(closingOf(id, [turn.turn]));
    await turns.release(releaseOf(id, firstTry, false));

    const cancelled = await turns.begin(beginOf(id, turn));

    expect(cancelled).toMatchObject({ fact: { usage: noUsage, microsUsd: 0 } });
    expect(await fixture.budgetOf(id)).toMatchObject({ reserved: nothing, settled: nothing });
  });
});

describe('a turn that another worker asks for by now', () => {
  test('is ended by the answer to the first call; the second one is lost then', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('first-answer');

    const first = await turns.settle(settleOf(id, turn));
    const second = await turns.settle(settleOf(id, turn, undefined, secondTry));

    const fact = { ...positionOf(turn).fact, lost: once };
    expect(first).toEqual({ kind: 'settled', fact });
    expect(second).toEqual({ kind: 'recorded', fact });
    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: nothing,
      settled: { tokens: 160, microsUsd: 1600 },
    });
  });

  test.each<[string, TurnFact, Try | null]>([
    ['failure', failed, firstTry],
    ['failure without a call', failed, null],
    ['cancellation', { ...failed, type: 'turn.cancelled' }, firstTry],
    ['failure of an earlier try of that worker', failed, { ...secondTry, attempt: 1 }],
  ])('is not ended by the %s of the first one', async (name, fact, tried) => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall(`stale-${name}`);

    const stale = await turns.settle(settleOf(id, turn, ended(fact), tried));
    const answer = await settledFact(turns, settleOf(id, turn, undefined, secondTry));

    expect(stale).toEqual({ kind: 'taken' });
    expect(answer).toMatchObject({ type: 'position.submitted', ...cost, lost: once });
  });

  test('is ended by its own failure, at what that cost and the lost one may have', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('own-failure');

    const fact = await settledFact(turns, settleOf(id, turn, ended(failed), secondTry));

    expect(fact).toEqual({ ...failed, lost: once });
    expect((await fixture.budgetOf(id))?.settled).toEqual(held);
  });

  test('is ended by its workflow, whoever asks for it', async () => {
    const { turns } = fixture.stores;
    const id = await openWithLostCall('given-up');
    const fact = { ...failed, usage: unknownUsage, microsUsd: null };

    const result = await turns.recordFacts({
      ...closingOf(id, []),
      facts: [{ id: `${id}/${turn.turn}`, fact }],
    });

    const facts = [{ ...fact, charged: held, lost: once }];
    expect(result).toEqual({ kind: 'replaced', facts });
    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: nothing,
      settled: { tokens: 200, microsUsd: 2000 },
    });
  });
});

describe('before the seal', () => {
  test('a turn that nobody asks for any more ends with what it may have cost', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('abandoned');
    await turns.begin(beginOf(id, turn));
    await turns.release(releaseOf(id, firstTry));
    await turns.recordFacts(closingOf(id, [turn.turn, 'proposal-1-s2']));
    const run = { tenantId: 'one', collaborationId: id, time, source: '/sealing' };

    await turns.endAbandoned(run);
    await turns.endAbandoned(run);

    const [, , ...after] = await fixture.eventsOf(id);
    expect(after).toMatchObject([
      {
        type: 'conclave.turn.cancelled.v1',
        subject: turn.turn,
        source: '/sealing',
        data: { usage: unknownUsage, microsUsd: null, charged: held },
      },
    ]);
    expect(await fixture.budgetOf(id)).toMatchObject({ reserved: nothing, settled: held });
  });
});

describe('after the seal', () => {
  test('no turn begins, and nothing is written or reserved', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('sealed');
    await sealRun(id);

    const begun = await turns.begin(beginOf(id, turn));

    const fact = { type: 'turn.cancelled', ...turn, usage: noUsage, microsUsd: 0 };
    expect(begun).toEqual({ kind: 'cancelled', fact });
    expect((await fixture.eventsOf(id)).at(-1)?.type).toBe('conclave.decision.sealed.v1');
    expect((await fixture.budgetOf(id))?.reserved).toEqual(nothing);
  });

  test('an answer is not written any more, and what it held is given back', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('sealed-answer');
    await turns.begin(beginOf(id, turn));
    await sealRun(id);

    const answer = await turns.settle(settleOf(id, turn));

    expect(answer).toEqual({ kind: 'sealed', fact: { type: 'turn.cancelled', ...turn, ...cost } });
    expect((await fixture.eventsOf(id)).at(-1)?.type).toBe('conclave.decision.sealed.v1');
    expect(await fixture.budgetOf(id)).toMatchObject({ reserved: nothing, settled: nothing });
  });

  test('a turn that has ended is told as it ended', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('sealed-ended');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));
    await sealRun(id);

    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'recorded', fact });
    expect((await fixture.budgetOf(id))?.settled).toEqual(paid);
  });
});

test('a worker of the version before, which does not say who it is, still ends its turn', async () => {
  const id = await fixture.openRun('old-worker');
  await fixture.stores.turns.begin(beginOf(id, turn));
  const { fact } = positionOf(turn);
  const { data, ...event } = eventOf(fact, {
    ...{ id: `${id}/${turn.turn}`, source: '/tests', subject: turn.turn, time },
  });
  const operation = {
    ...{ k: 'settle', s: id, turn: turn.turn, tokens: null, micros: null },
    ...{ isCancelled: false, answered: true },
    ev: [{ ...event, d: JSON.stringify(data), i: `"${event.id}"`, t: '"time":0}' }],
  };

  await fixture.pool.sql`
    select * from conclave.perform_batch('one',
      ${JSON.stringify({ ops: [operation], streams: [id], lasting: true })}::text::jsonb)`;

  expect(await fixture.budgetOf(id)).toMatchObject({ reserved: nothing, settled: held });
});
