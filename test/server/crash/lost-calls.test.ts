import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { Decision } from '../../../domain/collaboration/decision.ts';
import { factOf } from '../../../domain/ledger/event.ts';
import { foldRun } from '../../../domain/machines.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { openLab } from './crash-lab.ts';
import type { CrashLab } from './crash-lab.ts';
import { beginDebate, patiently, snapshotOf, untilSealed } from './crashed-debate.ts';
import { eventsOf, faultsOf } from './debate-faults.ts';

const START_WITHIN_MS = 120_000;
const RUN_WITHIN_MS = 120_000;
/** Long enough for the kill to find all of them under way. */
const SLOW_MS = [2000, 2200, 2400];

let lab: CrashLab;

beforeAll(async () => {
  lab = await openLab();
}, START_WITHIN_MS);

afterAll(async () => {
  await lab.close();
}, START_WITHIN_MS);

async function untilAllAreAsked(models: readonly string[]): Promise<void> {
  await untilSeen(
    async () => await lab.calls(models),
    (calls) => calls.filter(({ inFlight }) => inFlight > 0).length === models.length,
  );
}

test(
  'calls whose worker is killed are in the cost and in the budget, as unknown',
  async () => {
    const begun = await beginDebate(lab, { latenciesMs: SLOW_MS, rounds: 1 });
    const stream = await begun.stream;
    await untilAllAreAsked(begun.models);

    await lab.stack.kill('worker');
    const atKill = await snapshotOf(lab, stream.id, begun.models);
    await untilSealed(lab, stream);

    const id = await begun.id;
    const debate = { id, models: begun.models, rounds: 1, atKill };
    expect(await patiently(async () => await faultsOf(lab, debate))).toEqual([]);
    const run = await lab.api<{
      decision: Decision;
      budget: { settled: { tokens: number; microsUsd: number } };
    }>(`/v1/collaborations/${id}`);
    const events = await eventsOf(lab, id);
    const { spent } = foldRun(events.map(factOf).filter((fact) => fact !== undefined));
    const lost = events.flatMap(({ data }) => (data['lost'] === undefined ? [] : [data['lost']]));
    expect(lost).toHaveLength(SLOW_MS.length);
    expect(run.decision.cost).toMatchObject({ calls: 6, inputTokens: null, outputTokens: null });
    expect(spent.unknownCalls).toBeGreaterThanOrEqual(SLOW_MS.length);
    expect(run.budget.settled).toMatchObject({ tokens: spent.tokens, microsUsd: spent.microsUsd });
    expect(spent.tokens).toBeGreaterThan(
      lost.reduce<number>((sum, one) => sum + (one as { tokens: number }).tokens, 0),
    );
  },
  RUN_WITHIN_MS,
);
