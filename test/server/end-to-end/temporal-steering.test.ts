import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure, type WorkflowHandle } from '@temporalio/client';

import type { BudgetLimits } from '../../../domain/collaboration/plan.ts';
import { addParticipantUpdate, raiseBudgetUpdate } from '../../../workflows/messages.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider, type Gate } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
const longRunMs = 240_000;
const hourMs = 3_600_000;
/** A run continues as new beyond 3,500 events; an update leaves three at least. */
const updatesSent = 1_170;
/** The server takes no more at once. */
const updatesAtOnce = 10;

function msOf(time: { seconds?: unknown; nanos?: number | null } | null = {}): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1_000_000;
}

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** A debate whose first round goes on until the gate opens. */
async function startHeld(more: object = {}): Promise<{
  id: string;
  workflow: WorkflowHandle;
  provider: ScriptedProvider;
  gate: Gate;
}> {
  const gate = createGate();
  const provider = await ScriptedProvider.start(async () => {
    await gate.opened;
    return {};
  });
  const id = await house.start({
    pattern: 'debate',
    gate: 'off',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: await house.agentsOf(provider, ['sim-ada', 'sim-bo']),
    rounds: 2,
    stopOnStability: false,
    endsEarly: false,
    ...more,
  });
  await provider.until(() => provider.asked.length === 2);
  return { id, workflow: house.workflow('debate', id), provider, gate };
}

describe('a cancellation in Temporal', () => {
  test(
    'ends the run by its own rules: settled, sealed, with a reason',
    async () => {
      const { id, workflow, provider } = await startHeld();
      await workflow.cancel();
      const run = await house.ended(id);
      await provider.until(() => provider.stopped === 2);
      await provider.close();

      expect(run).toMatchObject({
        status: 'cancelled',
        decision: { kind: 'no-decision', reason: 'cancelled', stoppedBy: 'cancelled' },
      });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('two participants who are given one seat', () => {
  test(
    'are refused but for the first, and the run ends',
    async () => {
      const { id, workflow, provider, gate } = await startHeld();
      const [agent = ''] = await house.agentsOf(provider, ['sim-cy']);
      const seat = { seat: 's3', agent, personas: [], weight: 1, simulated: false };
      const added = await Promise.allSettled(
        ['ann', 'ben'].map((by) =>
          workflow.executeUpdate(addParticipantUpdate, { args: [{ by, seat }] }),
        ),
      );
      gate.open();
      const run = await house.ended(id);
      await provider.close();

      const causes = added.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as Error).cause] : [],
      );
      expect(causes).toEqual([expect.any(ApplicationFailure)]);
      expect(causes[0]).toMatchObject({ type: 'conflict' });
      expect(run.decision?.votes.map(({ seat: name }) => name)).toEqual(['s1', 's2', 's3']);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('a run with a long history', () => {
  test(
    'continues as new between rounds, with the state it had and what was left of its deadline',
    async () => {
      const { id, workflow, provider, gate } = await startHeld({ deadline: 'PT1H' });
      const args: [{ by: string; budget: BudgetLimits }] = [
        { by: 'ann', budget: { tokens: 90_000, microsUsd: null } },
      ];
      // Each leaves three events at least, and two rounds follow.
      for (let sent = 0; sent < updatesSent; sent += updatesAtOnce) {
        await Promise.all(
          Array.from({ length: updatesAtOnce }, () =>
            workflow.executeUpdate(raiseBudgetUpdate, { args }),
          ),
        );
      }
      const [first] = (await workflow.fetchHistory()).events ?? [];
      const { runId } = await workflow.describe();
      gate.open();
      await workflow.result();
      const run = await house.ended(id);
      await provider.close();

      const history = (await workflow.fetchHistory()).events ?? [];
      const [timer] = history.flatMap((event) => event.timerStartedEventAttributes ?? []);
      const again = history[0];
      const passedMs = msOf(again?.eventTime) - msOf(first?.eventTime);
      const leftMs = msOf(timer?.startToFireTimeout);
      expect(again?.workflowExecutionStartedEventAttributes).toMatchObject({
        continuedExecutionRunId: runId,
      });
      expect(passedMs).toBeGreaterThan(0);
      // By half: the first run's clock stops when its last task begins, and a task may take its time.
      expect(leftMs).toBeLessThan(hourMs - passedMs / 2);
      expect(leftMs).toBeGreaterThan(hourMs - longRunMs);
      expect(run.decision).toMatchObject({ kind: 'decided', rounds: 2, stoppedBy: 'rounds' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    longRunMs,
  );
});
