import { expect, test } from '@jest/globals';

import { createOpenPart, type OpenPartDeps } from '../../activities/part-opening.ts';
import type { Fact } from '../../domain/collaboration/fact.ts';
import { openingFacts } from '../../domain/machines.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { planWith } from '../support/plans.ts';
import { ledgerOf } from '../domain/replay/driven-run.ts';

const ref = { tenantId: 'local', collaborationId: 'c_1', part: 'p1' };
const plan = planWith();
const row = { collaborationId: 'c_1-p1', plan, endedAt: null } as unknown as Collaboration;

/** Opens a part that was stored before, and in which this has happened since; its row is read once. */
async function openedWith(facts: readonly Fact[]): Promise<unknown> {
  const rows = [row];
  const unasked = (): Promise<never> => Promise.reject(new Error('not asked for'));
  const deps: OpenPartDeps = {
    collaborations: {
      get: () => Promise.resolve(rows.pop()),
      create: unasked,
      markRunning: () => Promise.resolve(),
    },
    ledger: { readUpTo: () => Promise.resolve(ledgerOf([...openingFacts(plan), ...facts])) },
    turns: { outstandingOf: () => Promise.resolve([]) },
    resolutions: { recordsOf: unasked },
    agentOf: unasked,
    artifacts: { get: unasked },
    putText: unasked,
    sha256: () => '',
    now: () => Date.parse('2026-11-21T10:00:00.000Z'),
  };
  return await createOpenPart(deps)(ref);
}

test('a part that has not begun is opened as it was stored', async () => {
  expect(await openedWith([])).toEqual({ kind: 'opened', collaborationId: 'c_1-p1', plan });
});

test.each([
  ['/collaborations/c_1', true],
  ['/users/ann', false],
])('a part that %s paused goes on from there and says whether its analysis did', async (by, is) => {
  expect(await openedWith([{ type: 'collaboration.paused', by }])).toMatchObject({
    kind: 'opened',
    resumed: { state: { isPaused: true }, known: 3 },
    isPausedByAnalysis: is,
  });
});
