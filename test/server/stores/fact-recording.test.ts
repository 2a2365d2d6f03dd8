import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { verifyChain } from '../../../domain/ledger/chain.ts';
import { noUsage, unknownUsage } from '../../../domain/providers/usage.ts';
import type { IdentifiedFact } from '../../../infra/stores/turn-store.ts';
import {
  beginOf,
  closingOf,
  contentOf,
  openFixture,
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

describe('recording what a workflow decided', () => {
  test('a pass that closes cancels what it still waits for', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('closing');
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
    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: { tokens: 0, microsUsd: 0 },
      settled: { tokens: 60, microsUsd: 600 },
    });
    const events = await fixture.eventsOf(id);
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
    const id = await fixture.openRun('died');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(closingOf(id, ['proposal-1-s1']));

    const retried = await turns.begin(beginOf(id, proposal('s1'), { workerId: 'another' }));

    const charged = { tokens: 100, microsUsd: 1000 };
    expect(retried).toMatchObject({ fact: { usage: unknownUsage, microsUsd: null, charged } });
    expect((await fixture.budgetOf(id))?.settled).toEqual(charged);
  });

  test('nothing is recorded when an awaited turn was settled meanwhile', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('missed');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.begin(beginOf(id, proposal('s2')));
    const fact = await settledFact(turns, settleOf(id, proposal('s1')));

    const result = await turns.recordFacts(closingOf(id, ['proposal-1-s1', 'proposal-1-s2']));

    expect(result).toEqual({ kind: 'missed', facts: [fact] });
    expect(await fixture.eventsOf(id)).toHaveLength(2);
    expect(await settledFact(turns, settleOf(id, proposal('s2')))).toMatchObject({
      type: 'position.submitted',
    });
  });

  test('recording twice is recording once, also when a cancelled turn has settled in between', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('again');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(closingOf(id, ['proposal-1-s1']));
    await turns.settle(settleOf(id, proposal('s1')));

    expect(await turns.recordFacts(closingOf(id, ['proposal-1-s1']))).toEqual({ kind: 'recorded' });
    expect(await fixture.eventsOf(id)).toHaveLength(3);
  });

  test('facts that close nothing leave awaited turns alone', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('open');
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
    const id = await fixture.openRun('message');
    const run = { tenantId: 'one', collaborationId: id };
    const message = { messageId: 'm1', author: 'ann', text: 'Mind the costs.', createdAt: time };
    await collaborations.addMessage({ ...run, ...message });

    await turns.recordFacts({
      ...closingOf(id, []),
      facts: [{ id: `${id}/m1`, fact: { type: 'message.added', by: 'ann', messageId: 'm1' } }],
    });

    expect((await fixture.eventsOf(id))[1]?.data).toEqual({
      by: 'ann',
      messageId: 'm1',
      content: { text: 'Mind the costs.' },
    });
  });

  test('status follows the facts, and its end is left to the seal', async () => {
    const { turns, collaborations } = fixture.stores;
    const id = await fixture.openRun('status');
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

  test('closing races with five answers: each is either missed or cancelled, never lost', async () => {
    const { turns } = fixture.stores;
    for (let lap = 0; lap < 15; lap += 1) {
      const id = await fixture.openRun(`race-${String(lap)}`);
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

      const events = await fixture.eventsOf(id);
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
});
