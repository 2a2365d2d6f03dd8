import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { verifyChain } from '../../../domain/ledger/chain.ts';
import { unknownUsage } from '../../../domain/providers/usage.ts';
import {
  beginOf,
  closingOf,
  contentOf,
  firstTry,
  openFixture,
  positionOf,
  proposal,
  settleOf,
  settledFact,
  sha256,
} from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** The release of a call of seat `s1` by the worker that begins it, unless another is named. */
const releaseOf = (collaborationId: string, attempt: number) => ({
  ...{ tenantId: 'one', collaborationId, turn: proposal('s1') },
  ...{ workerId: 'worker-1', attempt, mayHaveCost: false },
});

describe('begin and settle', () => {
  test('reserves, then settles what was used and appends the event with its content', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('plain', { tokens: 1000, microsUsd: 9000 });
    const turn = proposal('s1');

    const begun = await turns.begin(beginOf(id, turn));
    const reserved = await fixture.budgetOf(id);
    const fact = await settledFact(turns, settleOf(id, turn));

    expect(begun).toEqual({ kind: 'begun', attempts: 1 });
    expect(reserved?.reserved).toEqual({ tokens: 100, microsUsd: 1000 });
    expect(fact).toEqual(positionOf(turn).fact);
    expect(await fixture.budgetOf(id)).toEqual({
      limits: { tokens: 1000, microsUsd: 9000 },
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 60, microsUsd: 600 },
    });
    const { type, ...fields } = fact;
    expect((await fixture.eventsOf(id))[1]).toMatchObject({
      id: `${id}/proposal-1-s1`,
      type: `conclave.${type}.v1`,
      data: { ...fields, content: contentOf('yes') },
    });
  });

  test('a settled turn is never asked again', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('settled');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));

    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'recorded', fact });
    expect((await fixture.budgetOf(id))?.reserved.tokens).toBe(0);
  });

  test('a second settle answers the first fact and counts nothing', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('twice');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));

    const second = await turns.settle(
      settleOf(id, turn, positionOf(turn, { confidence: 0.9, microsUsd: 1 })),
    );

    expect(second).toEqual({ kind: 'recorded', fact });
    expect((await fixture.budgetOf(id))?.settled).toEqual({ tokens: 60, microsUsd: 600 });
    expect(await fixture.eventsOf(id)).toHaveLength(2);
  });

  test('unknown usage is settled at what was reserved', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('unknown');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));

    const outcome = positionOf(turn, { usage: unknownUsage, microsUsd: null });
    await turns.settle(settleOf(id, turn, outcome));

    expect((await fixture.budgetOf(id))?.settled).toEqual({ tokens: 100, microsUsd: 1000 });
  });

  test('a turn left in flight changes hands, and what its first call may cost stays reserved', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('hands');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn, { workerId: 'hands-dead' }));

    const again = await turns.begin(beginOf(id, turn, { workerId: 'hands-alive' }));

    const lost = { calls: 1, tokens: 100, microsUsd: 1000 };
    expect(again).toEqual({ kind: 'begun', attempts: 2, lost });
    expect((await fixture.budgetOf(id))?.reserved).toEqual({ tokens: 200, microsUsd: 2000 });
    expect(await turns.inFlightOf('hands-dead')).toEqual([]);
    expect(await turns.inFlightOf('hands-alive')).toMatchObject([{ turn: turn.turn }]);
  });

  test('a release gives the reservation back and leaves a settled turn alone', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('released');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));

    await turns.release(releaseOf(id, 1));

    expect((await fixture.budgetOf(id))?.reserved).toEqual({ tokens: 0, microsUsd: 0 });
    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'begun', attempts: 2 });
    const fact = await settledFact(
      turns,
      settleOf(id, turn, undefined, { ...firstTry, attempt: 2 }),
    );
    await turns.release(releaseOf(id, 2));
    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'recorded', fact });
  });

  test.each(['another-worker', 'worker-1'])(
    'a release by whom the turn was taken from leaves it with %s',
    async (workerId) => {
      const { turns } = fixture.stores;
      const id = await fixture.openRun(`taken-by-${workerId}`);
      const limits = { concurrent: 1 };
      const account = `account-of-${id}`;
      const turn = proposal('s1');
      await turns.begin(beginOf(id, turn, { account, limits }));
      await turns.begin(beginOf(id, turn, { account, limits, workerId }));

      await turns.release(releaseOf(id, 1));

      expect((await fixture.budgetOf(id))?.reserved).toEqual({ tokens: 200, microsUsd: 2000 });
      const held = await turns.inFlightOf(workerId);
      expect(held.filter(({ collaborationId }) => collaborationId === id)).toHaveLength(1);
      const next = beginOf(id, proposal('s2'), { account, limits });
      expect(await turns.begin(next)).toMatchObject({ kind: 'no-room', reason: 'concurrency' });
    },
  );

  test('a settle whose begin was forgotten by a crash of the server counts what is known', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('forgotten');
    const turn = proposal('s1');

    await turns.settle(settleOf(id, turn));

    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: { tokens: 0 },
      settled: { tokens: 60, microsUsd: 600 },
    });
  });

  test('names a run that does not exist', async () => {
    const { turns } = fixture.stores;
    const turn = proposal('s1');

    await expect(turns.begin(beginOf('nowhere', turn))).rejects.toThrow(/nowhere/);
    await expect(turns.settle(settleOf('nowhere', turn))).rejects.toThrow(/nowhere/);
    await expect(turns.recordFacts(closingOf('nowhere', []))).rejects.toThrow(/nowhere/);
  });

  test('lists what a worker holds, and what it settled a moment ago', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('held');
    const workerId = 'holder';
    for (const seat of ['s1', 's2']) await turns.begin(beginOf(id, proposal(seat), { workerId }));
    await turns.settle(settleOf(id, proposal('s1')));

    const held = await turns.inFlightOf(workerId);

    expect(held).toHaveLength(2);
    expect(held).toContainEqual({
      tenantId: 'one',
      collaborationId: id,
      turn: 'proposal-1-s1',
      workflowId: `debate/${id}`,
    });
  });
});

describe('budget', () => {
  test('a call without room is refused and the refusal is in the ledger once', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('poor', { tokens: 99, microsUsd: null });
    const turn = proposal('s1');

    const refused = await turns.begin(beginOf(id, turn));

    const fact = { type: 'turn.refused', reason: 'budget', ...turn };
    expect(refused).toEqual({ kind: 'refused', fact });
    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'refused', fact });
    expect((await fixture.eventsOf(id)).map((event) => event.type)).toEqual([
      'conclave.collaboration.opened.v1',
      'conclave.turn.refused.v1',
    ]);
  });

  test.each([
    ['tokens', { tokens: 350, microsUsd: null }],
    ['money', { tokens: null, microsUsd: 3500 }],
  ])('is never over-reserved in %s when many begin at once', async (name, budget) => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun(`rush-${name}`, budget);

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        turns.begin(beginOf(id, proposal(`s${String(index)}`))),
      ),
    );

    const kinds = results.map((result) => result.kind);
    expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(17);
    expect((await fixture.budgetOf(id))?.reserved).toEqual({ tokens: 300, microsUsd: 3000 });
  });

  test('raised limits let the next call in', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('raised', { tokens: 50, microsUsd: null });
    await turns.begin(beginOf(id, proposal('s1')));

    await turns.recordFacts({
      ...closingOf(id, []),
      facts: [
        {
          id: `${id}/raised`,
          fact: { type: 'budget.raised', by: 'user', budget: { tokens: 500, microsUsd: null } },
        },
      ],
    });

    expect(await turns.begin(beginOf(id, proposal('s2')))).toEqual({ kind: 'begun', attempts: 1 });
  });
});

describe('at once', () => {
  test('two hundred settles over twenty streams are gapless, chained and free of deadlocks', async () => {
    const { turns } = fixture.stores;
    const ids = Array.from({ length: 20 }, (_, index) => `crowd-${String(index)}`);
    const seats = Array.from({ length: 10 }, (_, index) => `s${String(index)}`);
    await Promise.all(ids.map((id) => fixture.openRun(id)));
    const calls = seats.flatMap((seat) => ids.map((id) => ({ id, turn: proposal(seat) })));
    await Promise.all(calls.map(({ id, turn }) => turns.begin(beginOf(id, turn))));

    await Promise.all(calls.map(({ id, turn }) => turns.settle(settleOf(id, turn))));

    for (const id of ids) {
      const events = await fixture.eventsOf(id);
      expect(events).toHaveLength(11);
      expect(verifyChain(events, sha256).ok).toBe(true);
      expect((await fixture.budgetOf(id))?.settled.tokens).toBe(600);
    }
  });

  test('a panel that answers at once is one transaction', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('panel');
    const seats = ['s1', 's2', 's3', 's4', 's5'].map((seat) => proposal(seat));
    await Promise.all(seats.map((turn) => turns.begin(beginOf(id, turn))));

    await Promise.all(seats.map((turn) => turns.settle(settleOf(id, turn))));

    const rows = await fixture.owner.sql`
      select distinct xmin::text from conclave.events where stream_id = ${id} and seq > 1`;
    expect(rows).toHaveLength(1);
  });
});
