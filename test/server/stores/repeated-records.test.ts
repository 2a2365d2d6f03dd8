import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { unknownUsage } from '../../../domain/providers/usage.ts';
import type { IdentifiedFact, RecordInput } from '../../../infra/stores/turn-store.ts';
import { beginOf, closingOf, openFixture, proposal, settleOf, settledFact } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

describe('a workflow that goes a second time', () => {
  const opened = (round: number): IdentifiedFact['fact'] => ({
    type: 'round.opened',
    round,
    phase: 'revision',
    seats: ['s1'],
    directives: { context: 'full', isLast: false },
  });
  const paused: IdentifiedFact['fact'] = { type: 'collaboration.paused', by: 'ann' };
  const stepOf = (id: string, ...facts: IdentifiedFact['fact'][]): RecordInput => ({
    ...closingOf(id, []),
    known: 1,
    facts: facts.map((fact, index) => ({ id: `${id}/step-1-${String(index)}`, fact })),
  });

  test('the same step again is recorded once', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('step-same');
    await turns.recordFacts(stepOf(id, opened(2), opened(3)));

    const again = await turns.recordFacts(stepOf(id, opened(2), opened(3)));

    expect(again).toEqual({ kind: 'recorded' });
    expect(await fixture.eventsOf(id)).toHaveLength(3);
  });

  test.each([
    ['another fact', [opened(4)]],
    ['fewer facts', [opened(2)]],
    ['more facts', [opened(2), opened(3), opened(4)]],
  ])('a step that came to %s is answered with what the ledger has', async (name, facts) => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun(`step-${name.replace(' ', '-')}`);
    await turns.recordFacts(stepOf(id, opened(2), opened(3)));

    const again = await turns.recordFacts(stepOf(id, ...facts));

    expect(again).toEqual({
      kind: 'behind',
      facts: [opened(2), opened(3)],
      decidedSteps: 2,
      caused: [],
      outstanding: [],
    });
    expect(await fixture.eventsOf(id)).toHaveLength(3);
  });

  test('a step that the ledger has otherwise changes neither status nor turns nor budget', async () => {
    const { turns, collaborations } = fixture.stores;
    const id = await fixture.openRun('step-effects');
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(stepOf(id, opened(2)));

    const budget = { tokens: 1, microsUsd: 1 };
    const closing: IdentifiedFact['fact'] = {
      type: 'round.closed',
      round: 1,
      phase: 'proposal',
      reason: 'closed',
    };
    await turns.recordFacts({
      ...stepOf(id, paused, closing, { type: 'budget.raised', by: 'ann', budget }),
      awaited: ['proposal-1-s1'],
    });

    expect(await collaborations.get('one', id)).toMatchObject({
      status: 'queued',
      budget: { limits: { tokens: null, microsUsd: null } },
    });
    expect(await settledFact(turns, settleOf(id, proposal('s1')))).toMatchObject({
      type: 'position.submitted',
    });
  });

  test("a person's step waits while the workflow has forgotten one of its own", async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('step-forgotten');
    await turns.recordFacts(stepOf(id, opened(2)));
    const update = { ...stepOf(id), facts: [{ id: `${id}/update-1`, fact: paused }] };

    const behind = await turns.recordFacts(update);
    const caughtUp = await turns.recordFacts({ ...update, known: 2 });

    expect(behind).toMatchObject({ kind: 'behind', facts: [opened(2)], decidedSteps: 2 });
    expect(caughtUp).toEqual({ kind: 'recorded' });
    expect((await fixture.eventsOf(id)).map((event) => event.id)).toEqual([
      `${id}/opened`,
      `${id}/step-1-0`,
      `${id}/update-1`,
    ]);
  });

  test('an update that was recorded before is recorded once', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('update-twice');
    const update = { ...stepOf(id), facts: [{ id: `${id}/update-1`, fact: paused }] };
    await turns.recordFacts(update);

    expect(await turns.recordFacts(update)).toEqual({ kind: 'recorded' });
    expect(await fixture.eventsOf(id)).toHaveLength(2);
  });

  test('a step waits while the workflow has forgotten what a person did', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('update-forgotten');
    await turns.recordFacts({ ...stepOf(id), facts: [{ id: `${id}/update-1`, fact: paused }] });

    expect(await turns.recordFacts(stepOf(id, opened(2)))).toEqual({
      kind: 'behind',
      facts: [paused],
      decidedSteps: 0,
      isSteered: true,
      caused: [`${id}/update-1`],
      outstanding: [],
    });
    expect(await fixture.eventsOf(id)).toHaveLength(2);
  });

  test('a fact that the workflow has learnt from the ledger is not given to it again', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('update-learnt');
    const update = { ...stepOf(id), facts: [{ id: `${id}/update-1`, fact: paused }] };
    await turns.recordFacts(update);

    const again = await turns.recordFacts({ ...update, known: 2 });

    expect(again).toEqual({ kind: 'replaced', facts: [] });
  });

  test('a workflow that asks learns the turns that ended, and those that were asked and did not', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('turns-forgotten');
    await turns.recordFacts(stepOf(id, opened(1)));
    await turns.begin(beginOf(id, proposal('s1')));
    const ended = await settledFact(turns, settleOf(id, proposal('s1')));
    await turns.begin(beginOf(id, proposal('s2')));
    await turns.recordFacts({
      ...stepOf(id),
      known: 2,
      facts: [{ id: `${id}/update-1`, fact: paused }],
    });

    const behind = await turns.recordFacts({ ...stepOf(id), known: 2 });

    expect(behind).toEqual({
      kind: 'behind',
      facts: [ended, paused],
      decidedSteps: 2,
      isSteered: true,
      caused: [`${id}/update-1`],
      outstanding: ['proposal-1-s2'],
    });
    expect(await turns.recordFacts({ ...stepOf(id), known: 3 })).toEqual({ kind: 'recorded' });
    expect(await turns.outstandingOf({ tenantId: 'one', collaborationId: id })).toEqual([
      'proposal-1-s2',
    ]);
  });
});

describe('a turn that its workflow gave up on', () => {
  const turn = proposal('s1');
  const givenUp = (id: string): RecordInput => ({
    ...closingOf(id, []),
    facts: [
      {
        id: `${id}/${turn.turn}`,
        fact: {
          type: 'turn.abstained',
          ...turn,
          reason: 'provider-failed',
          usage: unknownUsage,
          microsUsd: null,
        },
      },
    ],
  });

  test('counts with what it holds, and is recorded once', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('given-up');
    await turns.begin(beginOf(id, turn));

    const results = [await turns.recordFacts(givenUp(id)), await turns.recordFacts(givenUp(id))];

    const charged = { tokens: 100, microsUsd: 1000 };
    const fact = { ...givenUp(id).facts[0]?.fact, charged };
    expect(results).toEqual([
      { kind: 'replaced', facts: [fact] },
      { kind: 'replaced', facts: [fact] },
    ]);
    expect(await fixture.eventsOf(id)).toHaveLength(2);
    expect(await fixture.budgetOf(id)).toMatchObject({ reserved: { tokens: 0 }, settled: charged });
    expect(await turns.settle(settleOf(id, turn))).toEqual({ kind: 'recorded', fact });
  });

  test('keeps the answer that was settled after all', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('answered-after-all');
    await turns.begin(beginOf(id, turn));
    const fact = await settledFact(turns, settleOf(id, turn));

    expect(await turns.recordFacts(givenUp(id))).toEqual({ kind: 'replaced', facts: [fact] });
    expect(await fixture.eventsOf(id)).toHaveLength(2);
  });
});
