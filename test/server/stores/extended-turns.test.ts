import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { unknownUsage } from '../../../domain/providers/usage.ts';
import type { ExtendInput } from '../../../infra/stores/turn-store.ts';
import {
  beginOf,
  closingOf,
  firstTry,
  openFixture,
  positionOf,
  proposal,
  settleOf,
  settledFact,
} from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** Who holds seat `s1`, where it is the worker that begins it. */
const heldBy = (collaborationId: string, attempt: number): Omit<ExtendInput, 'reserve'> => ({
  ...{ tenantId: 'one', collaborationId, turn: proposal('s1') },
  ...{ workerId: 'worker-1', attempt },
});

describe('more for a second call', () => {
  test('is held once, and a turn of unknown use is settled at all that it holds', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('extended', { tokens: 300, microsUsd: 3000 });
    const turn = proposal('s1');
    const reserve = { tokens: 300, microsUsd: 3000 };
    await turns.begin(beginOf(id, turn));

    expect(await turns.extend({ ...heldBy(id, 1), reserve })).toBe('extended');
    expect(await turns.extend({ ...heldBy(id, 1), reserve })).toBe('extended');

    expect((await fixture.budgetOf(id))?.reserved).toEqual(reserve);
    await turns.settle(
      settleOf(id, turn, positionOf(turn, { usage: unknownUsage, microsUsd: null })),
    );
    expect(await fixture.budgetOf(id)).toMatchObject({
      reserved: { tokens: 0, microsUsd: 0 },
      settled: reserve,
    });
  });

  test.each([
    ['tokens', { tokens: 299, microsUsd: null }],
    ['money', { tokens: null, microsUsd: 2999 }],
  ])('is not held where there is no room in %s, and what was held is', async (name, budget) => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun(`full-${name}`, budget);
    await turns.begin(beginOf(id, proposal('s1')));

    const reserve = { tokens: 300, microsUsd: 3000 };
    expect(await turns.extend({ ...heldBy(id, 1), reserve })).toBe('no-room');

    expect((await fixture.budgetOf(id))?.reserved).toEqual({ tokens: 100, microsUsd: 1000 });
  });

  test('is held for nobody else, and for no turn that has ended', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('not-extended');
    const reserve = { tokens: 300, microsUsd: null };
    const extended = async (attempt: number, workerId = 'worker-1') =>
      await turns.extend({ ...heldBy(id, attempt), workerId, reserve });
    const before = await extended(1);
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.begin(beginOf(id, proposal('s1')));
    const others = [await extended(1), await extended(2, 'worker-2')];
    await turns.settle(settleOf(id, proposal('s1'), undefined, { ...firstTry, attempt: 2 }));

    expect([before, ...others, await extended(2)]).toEqual(['taken', 'taken', 'taken', 'over']);
    expect((await fixture.budgetOf(id))?.reserved.tokens).toBe(0);
  });

  test('stays charged to an answer that comes too late', async () => {
    const { turns } = fixture.stores;
    const id = await fixture.openRun('late-charged');
    const charged = { tokens: 70, microsUsd: 700 };
    await turns.begin(beginOf(id, proposal('s1')));
    await turns.recordFacts(closingOf(id, ['proposal-1-s1']));

    const outcome = positionOf(proposal('s1'), { usage: unknownUsage, microsUsd: null, charged });
    const fact = await settledFact(turns, settleOf(id, proposal('s1'), outcome));

    expect(fact).toMatchObject({ type: 'turn.cancelled', charged });
    expect((await fixture.budgetOf(id))?.settled).toEqual(charged);
  });
});
