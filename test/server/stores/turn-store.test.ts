import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { IdentifiedFact } from '../../../infra/stores/turn-store.ts';
import { verifyChain } from '../../../domain/ledger/chain.ts';
import { noUsage, unknownUsage } from '../../../domain/providers/usage.ts';
import {
  beginOf,
  closingOf,
  contentOf,
  firstTry,
  newRun,
  openFixture,
  positionOf,
  proposal,
  settleOf,
  settledFact,
  sha256,
  time,
} from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

async function open(
  id: string,
  budget = { tokens: null, microsUsd: null } as Budget,
): Promise<string> {
  await fixture.stores.collaborations.create(newRun(id, { budget }));
  return id;
}

interface Budget {
  tokens: number | null;
  microsUsd: number | null;
}

const budgetOf = async (id: string) => (await fixture.stores.collaborations.get('one', id))?.budget;

/** The release of a call of seat `s1` by the worker that begins it, unless another is named. */
const releaseOf = (collaborationId: string, attempt: number) => ({
  ...{ tenantId: 'one', collaborationId, turn: proposal('s1') },
  ...{ workerId: 'worker-1', attempt, mayHaveCost: false },
});

const eventsOf = (id: string) => fixture.stores.ledger.readUpTo({ tenantId: 'one', stream: id });

describe('begin and settle', () => {
  test('reserves, then settles what was used and appends the event with its content', async () => {
    const { turns } = fixture.stores;
    const id = await open('plain', { tokens: 1000, microsUsd: 9000 });
    const turn = proposal('s1');

    const begun = await turns.begin(beginOf(id, turn));
    const reserved = await budgetOf(id);
    const fact = await settledFact(turns, settleOf(id, turn));

    expect(begun).toEqual({ kind: 'begun', attempts: 1 });
    expect(reserved?.reserved).toEqual({ tokens: 100, microsUsd: 1000 });
    expect(fact).toEqual(positionOf(turn).fact);
    expect(await budgetOf(id)).toEqual({
      limits: { tokens: 1000, microsUsd: 9000 },
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 60, microsUsd: 600 },
    });
    const { type, ...fields } = fact;
    expect((await eventsOf(id))[1]).toMatchObject({
      id: `${id}/proposal-1-s1`,
      type: `conclave.${type}.v1`,
      data: { ...fields, content: contentOf('yes') },
    });
  });

  test('a settled turn is never asked again', async () => {
    const { turns } = fixture.stores;
    const id = await open('settled');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));

    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'recorded', fact });
    expect((await budgetOf(id))?.reserved.tokens).toBe(0);
  });

  test('a second settle answers the first fact and counts nothing', async () => {
    const { turns } = fixture.stores;
    const id = await open('twice');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));

    const second = await turns.settle(
      settleOf(id, turn, positionOf(turn, { confidence: 0.9, microsUsd: 1 })),
    );

    expect(second).toEqual({ kind: 'recorded', fact });
    expect((await budgetOf(id))?.settled).toEqual({ tokens: 60, microsUsd: 600 });
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('unknown usage is settled at what was reserved', async () => {
    const { turns } = fixture.stores;
    const id = await open('unknown');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));

    const outcome = positionOf(turn, { usage: unknownUsage, microsUsd: null });
    await turns.settle(settleOf(id, turn, outcome));

    expect((await budgetOf(id))?.settled).toEqual({ tokens: 100, microsUsd: 1000 });
  });

  test('a turn left in flight changes hands, and what its first call may cost stays reserved', async () => {
    const { turns } = fixture.stores;
    const id = await open('hands');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn, { workerId: 'hands-dead' }));

    const again = await turns.begin(beginOf(id, turn, { workerId: 'hands-alive' }));

    const lost = { calls: 1, tokens: 100, microsUsd: 1000 };
    expect(again).toEqual({ kind: 'begun', attempts: 2, lost });
    expect((await budgetOf(id))?.reserved).toEqual({ tokens: 200, microsUsd: 2000 });
    expect(await turns.inFlightOf('hands-dead')).toEqual([]);
    expect(await turns.inFlightOf('hands-alive')).toMatchObject([{ turn: turn.turn }]);
  });

  test('a release gives the reservation back and leaves a settled turn alone', async () => {
    const { turns } = fixture.stores;
    const id = await open('released');
    const turn = proposal('s1');
    await turns.begin(beginOf(id, turn));

    await turns.release(releaseOf(id, 1));

    expect((await budgetOf(id))?.reserved).toEqual({ tokens: 0, microsUsd: 0 });
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
      const id = await open(`taken-by-${workerId}`);
      const limits = { concurrent: 1 };
      const account = `account-of-${id}`;
      const turn = proposal('s1');
      await turns.begin(beginOf(id, turn, { account, limits }));
      await turns.begin(beginOf(id, turn, { account, limits, workerId }));

      await turns.release(releaseOf(id, 1));

      expect((await budgetOf(id))?.reserved).toEqual({ tokens: 200, microsUsd: 2000 });
      const held = await turns.inFlightOf(workerId);
      expect(held.filter(({ collaborationId }) => collaborationId === id)).toHaveLength(1);
      const next = beginOf(id, proposal('s2'), { account, limits });
      expect(await turns.begin(next)).toMatchObject({ kind: 'no-room', reason: 'concurrency' });
    },
  );

  test('a settle whose begin was forgotten by a crash of the server counts what is known', async () => {
    const { turns } = fixture.stores;
    const id = await open('forgotten');
    const turn = proposal('s1');

    await turns.settle(settleOf(id, turn));

    expect(await budgetOf(id)).toMatchObject({
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
    const id = await open('held');
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
    const id = await open('poor', { tokens: 99, microsUsd: null });
    const turn = proposal('s1');

    const refused = await turns.begin(beginOf(id, turn));

    const fact = { type: 'turn.refused', reason: 'budget', ...turn };
    expect(refused).toEqual({ kind: 'refused', fact });
    expect(await turns.begin(beginOf(id, turn))).toEqual({ kind: 'refused', fact });
    expect((await eventsOf(id)).map((event) => event.type)).toEqual([
      'conclave.collaboration.opened.v1',
      'conclave.turn.refused.v1',
    ]);
  });

  test.each([
    ['tokens', { tokens: 350, microsUsd: null }],
    ['money', { tokens: null, microsUsd: 3500 }],
  ])('is never over-reserved in %s when many begin at once', async (name, budget) => {
    const { turns } = fixture.stores;
    const id = await open(`rush-${name}`, budget);

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        turns.begin(beginOf(id, proposal(`s${String(index)}`))),
      ),
    );

    const kinds = results.map((result) => result.kind);
    expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(17);
    expect((await budgetOf(id))?.reserved).toEqual({ tokens: 300, microsUsd: 3000 });
  });

  test('raised limits let the next call in', async () => {
    const { turns } = fixture.stores;
    const id = await open('raised', { tokens: 50, microsUsd: null });
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

describe('recording what a workflow decided', () => {
  test('a pass that closes cancels what it still waits for', async () => {
    const { turns } = fixture.stores;
    const id = await open('closing');
    await turns.begin(beginOf(id, proposal('s1')));

    const result = await turns.recordFacts(closingOf(id, ['proposal-1-s1', 'proposal-1-s2']));
    const late = await settledFact(turns, settleOf(id, proposal('s1')));
    const unasked = await turns.begin(beginOf(id, proposal('s2')));

    expect(result).toEqual({ kind: 'recorded' });
    expect(late).toEqual({
      type: 'turn.cancelled',
      ...proposal('s1'),
      usage: { inputTokens: 40, cachedTokens: 0, outputTokens: 20 },
      microsUsd: 600,
    });
    expect(unasked).toEqual({
      kind: 'cancelled',
      fact: { type: 'turn.cancelled', ...proposal('s2'), usage: noUsage, microsUsd: 0 },
    });
    expect(await turns.begin(beginOf(id, proposal('s2')))).toEqual(unasked);
    expect(await budgetOf(id)).toMatchObject({
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 60, microsUsd: 600 },
    });
    const events = await eventsOf(id);
    expect(events.map((event) => event.type)).toEqual([
      'conclave.collaboration.opened.v1',
      'conclave.round.closed.v1',
      'conclave.turn.cancelled.v1',
      'conclave.turn.cancelled.v1',
    ]);
    expect(events[2]?.data['content']).toEqual(contentOf('yes'));
  });

  test('a cancelled call whose worker died is of unknown cost, not free', async () => {
    const { turns } = fixture.stores;
    const id = await open('died');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(closingOf(id, ['proposal-1-s1']));

    const retried = await turns.begin(beginOf(id, proposal('s1'), { workerId: 'another' }));

    const charged = { tokens: 100, microsUsd: 1000 };
    expect(retried).toMatchObject({ fact: { usage: unknownUsage, microsUsd: null, charged } });
    expect((await budgetOf(id))?.settled).toEqual(charged);
  });

  test('nothing is recorded when an awaited turn was settled meanwhile', async () => {
    const { turns } = fixture.stores;
    const id = await open('missed');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.begin(beginOf(id, proposal('s2')));
    const fact = await settledFact(turns, settleOf(id, proposal('s1')));

    const result = await turns.recordFacts(closingOf(id, ['proposal-1-s1', 'proposal-1-s2']));

    expect(result).toEqual({ kind: 'missed', facts: [fact] });
    expect(await eventsOf(id)).toHaveLength(2);
    expect(await settledFact(turns, settleOf(id, proposal('s2')))).toMatchObject({
      type: 'position.submitted',
    });
  });

  test('recording twice is recording once, also when a cancelled turn has settled in between', async () => {
    const { turns } = fixture.stores;
    const id = await open('again');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(closingOf(id, ['proposal-1-s1']));
    await turns.settle(settleOf(id, proposal('s1')));

    expect(await turns.recordFacts(closingOf(id, ['proposal-1-s1']))).toEqual({ kind: 'recorded' });
    expect(await eventsOf(id)).toHaveLength(3);
  });

  test('facts that close nothing leave awaited turns alone', async () => {
    const { turns } = fixture.stores;
    const id = await open('open');
    await turns.begin(beginOf(id, proposal('s1')));
    const fact: IdentifiedFact = {
      id: `${id}/paused`,
      fact: { type: 'collaboration.paused', by: 'user' },
    };

    await turns.recordFacts({ ...closingOf(id, ['proposal-1-s1']), facts: [fact] });

    expect(await settledFact(turns, settleOf(id, proposal('s1')))).toMatchObject({
      type: 'position.submitted',
    });
    expect(await fixture.stores.collaborations.get('one', id)).toMatchObject({ status: 'paused' });
  });

  test('a message brings its text into the ledger', async () => {
    const { turns, collaborations } = fixture.stores;
    const id = await open('message');
    const run = { tenantId: 'one', collaborationId: id };
    const message = { messageId: 'm1', author: 'ann', text: 'Mind the costs.', createdAt: time };
    await collaborations.addMessage({ ...run, ...message });

    await turns.recordFacts({
      ...closingOf(id, []),
      facts: [{ id: `${id}/m1`, fact: { type: 'message.added', by: 'ann', messageId: 'm1' } }],
    });

    expect((await eventsOf(id))[1]?.data).toEqual({
      by: 'ann',
      messageId: 'm1',
      content: { text: 'Mind the costs.' },
    });
  });

  test('status follows the facts, and its end is left to the seal', async () => {
    const { turns, collaborations } = fixture.stores;
    const id = await open('status');
    const record = async (name: string, fact: IdentifiedFact['fact']): Promise<unknown> => {
      await turns.recordFacts({ ...closingOf(id, []), facts: [{ id: `${id}/${name}`, fact }] });
      return (await collaborations.get('one', id))?.status;
    };

    expect(await record('p', { type: 'collaboration.paused', by: 'a' })).toBe('paused');
    expect(await record('r', { type: 'collaboration.resumed', by: 'a' })).toBe('running');
    expect(
      await record('d', {
        type: 'decision.reached',
        verdict: {
          kind: 'decided',
          answer: 'o1',
          reason: null,
          stoppedBy: 'rounds',
          rounds: 3,
          explanation: 'all agreed',
        },
      }),
    ).toBe('running');
  });
});

describe('at once', () => {
  test('two hundred settles over twenty streams are gapless, chained and free of deadlocks', async () => {
    const { turns, collaborations } = fixture.stores;
    const ids = Array.from({ length: 20 }, (_, index) => `crowd-${String(index)}`);
    const seats = Array.from({ length: 10 }, (_, index) => `s${String(index)}`);
    await Promise.all(ids.map((id) => collaborations.create(newRun(id))));
    const calls = seats.flatMap((seat) => ids.map((id) => ({ id, turn: proposal(seat) })));
    await Promise.all(calls.map(({ id, turn }) => turns.begin(beginOf(id, turn))));

    await Promise.all(calls.map(({ id, turn }) => turns.settle(settleOf(id, turn))));

    for (const id of ids) {
      const events = await eventsOf(id);
      expect(events).toHaveLength(11);
      expect(verifyChain(events, sha256).ok).toBe(true);
      expect((await budgetOf(id))?.settled.tokens).toBe(600);
    }
  });

  test('closing races with five answers: each is either missed or cancelled, never lost', async () => {
    const { turns } = fixture.stores;
    for (let lap = 0; lap < 15; lap += 1) {
      const id = await open(`race-${String(lap)}`);
      const seats = ['s1', 's2', 's3', 's4', 's5'];
      await Promise.all(seats.map((seat) => turns.begin(beginOf(id, proposal(seat)))));
      const awaited = seats.map((seat) => proposal(seat).turn);
      const order = (lap * 7) % 6;

      const settling = seats
        .slice(0, order)
        .map((seat) => settledFact(turns, settleOf(id, proposal(seat))));
      const closing = turns.recordFacts(closingOf(id, awaited));
      settling.push(
        ...seats.slice(order).map((seat) => settledFact(turns, settleOf(id, proposal(seat)))),
      );
      const [result, facts] = [await closing, await Promise.all(settling)];

      const events = await eventsOf(id);
      const closedAt = events.findIndex((event) => event.type === 'conclave.round.closed.v1');
      const positionsAfter = events
        .slice(closedAt)
        .filter((event) => event.type === 'conclave.position.submitted.v1');
      const cancelled = facts.filter((fact) => fact.type === 'turn.cancelled');
      expect([result.kind, cancelled.length]).toEqual(
        closedAt === -1 ? ['missed', 0] : ['recorded', 5],
      );
      expect(closedAt === -1 ? [] : positionsAfter).toEqual([]);
      expect(events).toHaveLength(closedAt === -1 ? 6 : 7);
      expect(verifyChain(events, sha256).ok).toBe(true);
    }
  });

  test('a panel that answers at once is one transaction', async () => {
    const { turns } = fixture.stores;
    const id = await open('panel');
    const seats = ['s1', 's2', 's3', 's4', 's5'].map((seat) => proposal(seat));
    await Promise.all(seats.map((turn) => turns.begin(beginOf(id, turn))));

    await Promise.all(seats.map((turn) => turns.settle(settleOf(id, turn))));

    const rows = await fixture.owner.sql`
      select distinct xmin::text from conclave.events where stream_id = ${id} and seq > 1`;
    expect(rows).toHaveLength(1);
  });
});
