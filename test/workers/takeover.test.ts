import { ActivityNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { expect, test } from '@jest/globals';

import type { OpenSandboxRun } from '../../infra/stores/sandbox-run-store.ts';
import type { OpenRun, TurnInFlight } from '../../infra/stores/turn-store.ts';
import { watchWorkers } from '../../workers/takeover.ts';

const STARTED = 2;
const SCHEDULED = 1;

interface Scene {
  readonly turns?: readonly TurnInFlight[];
  readonly open?: readonly OpenRun[];
  readonly inSandbox?: readonly OpenSandboxRun[];
  /** What Temporal says of a run's pending activities; a run that is not here has not been started. */
  readonly pending?: Readonly<Record<string, readonly object[]>>;
  /** What asking Temporal for a run comes to, instead. */
  readonly describe?: () => Promise<never>;
  readonly isClaimed?: boolean;
  readonly fail?: (call: unknown) => Promise<void>;
}

/** Lets one worker, `dead`, be taken over, and tells what was asked of Temporal and of the registry, in order. */
async function takeOver(scene: Scene): Promise<{ asked: unknown[]; warnings: unknown[] }> {
  const asked: unknown[] = [];
  const warnings: unknown[] = [];
  let looks = 0;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const client = {
    options: { namespace: 'test' },
    activity: {
      fail: async (call: unknown, failure: { type?: unknown; nextRetryDelay?: unknown }) => {
        asked.push({ fail: call, as: failure.type, after: failure.nextRetryDelay });
        await scene.fail?.(call);
      },
    },
    workflow: {
      getHandle: (workflowId: string) => ({
        describe: () => {
          if (scene.describe !== undefined) return scene.describe();
          const pendingActivities = scene.pending?.[workflowId];
          return pendingActivities === undefined
            ? Promise.reject(new WorkflowNotFoundError('none', workflowId, undefined))
            : Promise.resolve({ raw: { pendingActivities } });
        },
      }),
    },
    workflowService: {
      resetStickyTaskQueue: ({ execution }: { execution: { workflowId: string } }) => {
        asked.push({ unstick: execution.workflowId });
        return Promise.resolve({});
      },
    },
  };
  const takeover = watchWorkers({
    registry: {
      deadWorkers: () => {
        looks += 1;
        if (looks === 3) finish();
        return Promise.resolve(asked.includes('forget') ? [] : ['dead']);
      },
      claimDead: () => Promise.resolve(scene.isClaimed !== true),
      forget: () => {
        asked.push('forget');
        return Promise.resolve();
      },
    },
    turns: {
      inFlightOf: () => Promise.resolve([...(scene.turns ?? [])]),
      openRuns: () => Promise.resolve([...(scene.open ?? [])]),
    },
    sandboxRuns: { open: () => Promise.resolve([...(scene.inSandbox ?? [])]) },
    client: client as unknown as Client,
    log: {
      info: () => undefined,
      warn: (fields) => warnings.push(fields),
    },
  });
  await finished;
  await takeover.stop();
  return { asked, warnings };
}

const turn: TurnInFlight = {
  tenantId: 'one',
  collaborationId: 'c1',
  turn: 'proposal-1-s1',
  workflowId: 'debate/c1',
};

const runOf = (collaborationId: string, workerId: string | null): OpenRun => ({
  collaborationId,
  pattern: 'debate',
  workerId,
});

const pendingAt = (activityId: string, lastWorkerIdentity: string, state = STARTED): object => ({
  activityId,
  state,
  lastWorkerIdentity,
});

const failed = (activityId: string): object => ({
  fail: { workflowId: 'debate/c1', activityId },
  as: 'worker-lost',
  after: 1,
});

test('calls in flight fail at once, their runs leave the sticky queue, then the worker is forgotten', async () => {
  const { asked } = await takeOver({
    turns: [turn, { ...turn, turn: 'proposal-1-s2' }],
    open: [runOf('c1', 'dead')],
    pending: { 'debate/c1': [pendingAt('1', 'dead'), pendingAt('2', 'dead')] },
  });

  expect(asked).toEqual([failed('1'), failed('2'), { unstick: 'debate/c1' }, 'forget']);
});

test('what the dead worker ran in its sandbox is handed over, too', async () => {
  const run: OpenSandboxRun = {
    tenantId: 'one',
    runId: 'r1',
    lane: 'command',
    status: 'running',
    timeMs: 1000,
    workerId: 'dead',
    createdAt: '2026-11-21T09:00:00.000Z',
  };
  const { asked } = await takeOver({
    inSandbox: [run, { ...run, runId: 'r2', workerId: 'alive' }],
    pending: {
      'sandbox/r1': [pendingAt('1', 'dead')],
      'sandbox/r2': [pendingAt('1', 'alive')],
    },
  });

  const handedOver = { fail: { workflowId: 'sandbox/r1', activityId: '1' } };
  expect(asked).toEqual(
    expect.arrayContaining([
      { ...handedOver, as: 'worker-lost', after: 1 },
      { unstick: 'sandbox/r1' },
      { unstick: 'sandbox/r2' },
    ]),
  );
  expect(asked).toHaveLength(4);
});

test('a call that the dead worker had noted and somebody else has by now is left alone', async () => {
  const { asked } = await takeOver({
    turns: [turn],
    pending: { 'debate/c1': [pendingAt('1', 'alive')] },
  });

  expect(asked).toEqual([{ unstick: 'debate/c1' }, 'forget']);
});

test('runs that Temporal does not know any more are passed over', async () => {
  const { asked, warnings } = await takeOver({ turns: [turn], open: [runOf('c2', 'alive')] });

  expect(asked).toEqual([{ unstick: 'debate/c1' }, 'forget']);
  expect(warnings).toEqual([]);
});

test('calls that only Temporal knows to be taken are handed over, and no others', async () => {
  const { asked } = await takeOver({
    open: [runOf('c1', 'alive')],
    pending: {
      'debate/c1': [
        pendingAt('1', 'dead'),
        pendingAt('2', 'alive'),
        pendingAt('3', 'dead', SCHEDULED),
      ],
    },
  });

  expect(asked).toEqual([failed('1'), { unstick: 'debate/c1' }, 'forget']);
});

test('runs that were last at the dead worker, or nowhere, leave its sticky queue; those of others stay', async () => {
  const { asked } = await takeOver({
    open: [runOf('c1', 'dead'), runOf('c2', null), runOf('c3', 'alive'), runOf('c4', 'alive')],
    pending: { 'debate/c1': [], 'debate/c2': [], 'debate/c3': [] },
  });

  expect(asked).toEqual([{ unstick: 'debate/c1' }, { unstick: 'debate/c2' }, 'forget']);
});

test('a worker that another process has claimed is left alone', async () => {
  expect((await takeOver({ turns: [turn], isClaimed: true })).asked).toEqual([]);
});

test('a call whose result had arrived is no fault', async () => {
  const { asked, warnings } = await takeOver({
    turns: [turn],
    pending: { 'debate/c1': [pendingAt('1', 'dead')] },
    fail: () => Promise.reject(new ActivityNotFoundError('gone')),
  });

  expect(warnings).toEqual([]);
  expect(asked.at(-1)).toBe('forget');
});

test('runs of a database that Temporal has lost are no fault', async () => {
  const { asked, warnings } = await takeOver({
    turns: [turn],
    describe: () => Promise.reject(new NamespaceNotFoundError('gone')),
  });

  expect(warnings).toEqual([]);
  expect(asked.at(-1)).toBe('forget');
});

test('a takeover that broke off is begun again', async () => {
  let tries = 0;
  const { asked, warnings } = await takeOver({
    turns: [turn],
    pending: { 'debate/c1': [pendingAt('1', 'dead')] },
    fail: () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new Error('unavailable')) : Promise.resolve();
    },
  });

  expect(warnings).toHaveLength(1);
  expect(asked).toEqual([failed('1'), failed('1'), { unstick: 'debate/c1' }, 'forget']);
});
