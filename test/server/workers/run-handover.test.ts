import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { openTemporal } from '../../../infra/temporal/client.ts';
import type { TemporalConnection } from '../../../infra/temporal/client.ts';
import { handOverRun } from '../../../workers/run-handover.ts';
import { sharedAddresses } from '../end-to-end/addresses.ts';

/** Far longer than any test: what comes sooner did not wait for it. */
const TASK_TIMEOUT = '2 minutes';
const HELD_WITHIN_MS = 60_000;

let temporal: TemporalConnection;
let workflowId: string;
let taskQueue: string;

beforeAll(() => {
  temporal = openTemporal(sharedAddresses().temporal);
});

afterAll(() => temporal.close());

beforeEach(async () => {
  workflowId = `handover/${randomUUID()}`;
  taskQueue = workflowId;
  await temporal.client.workflow.start('nothing', {
    workflowId,
    taskQueue,
    workflowTaskTimeout: TASK_TIMEOUT,
  });
});

afterEach(async () => {
  await temporal.client.workflow.getHandle(workflowId).terminate();
});

/** Takes the run's workflow task, as a worker of that name does, and holds it. */
async function hold(identity: string): Promise<{ readonly attempt: number }> {
  const { client } = temporal;
  const { attempt } = await client.withDeadline(
    Date.now() + HELD_WITHIN_MS,
    async () =>
      await client.workflowService.pollWorkflowTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: taskQueue },
        identity,
      }),
  );
  return { attempt };
}

/** Who has the workflow task that the run's history ends with; else the type of its last event. */
async function lastEvent(): Promise<unknown> {
  const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
  const last = events?.at(-1);
  return last?.workflowTaskStartedEventAttributes?.identity ?? last?.eventType;
}

test(
  'a workflow task that a dead worker holds is given to the next one without its time-out',
  async () => {
    expect(await hold('dead')).toEqual({ attempt: 1 });

    const calls = await handOverRun(temporal.client, {
      workflowId,
      workerId: 'dead',
      isSticky: false,
    });

    expect(calls).toBe(0);
    expect(await hold('next')).toEqual({ attempt: 2 });
  },
  HELD_WITHIN_MS,
);

test(
  'a workflow task that somebody else holds stays with him',
  async () => {
    await hold('alive');

    await handOverRun(temporal.client, { workflowId, workerId: 'dead', isSticky: true });

    expect(await lastEvent()).toBe('alive');
  },
  HELD_WITHIN_MS,
);

test(
  'a workflow task that the dead worker held at its second try is left to its time-out',
  async () => {
    await hold('dead');
    await handOverRun(temporal.client, { workflowId, workerId: 'dead', isSticky: true });
    await hold('dead');

    const calls = await handOverRun(temporal.client, {
      workflowId,
      workerId: 'dead',
      isSticky: true,
    });

    const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
    expect(calls).toBe(0);
    expect(raw.pendingWorkflowTask?.attempt).toBe(2);
  },
  HELD_WITHIN_MS,
);
