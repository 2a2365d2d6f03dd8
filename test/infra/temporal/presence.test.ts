import { expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';

import { createEngine } from '../../../infra/temporal/engine.ts';

/** How an engine finds a run that Temporal describes so. */
async function presenceOf(raw: object): Promise<unknown> {
  const client = {
    connection: { withDeadline: (_deadline: number, call: () => unknown) => call() },
    workflow: {
      getHandle: () => ({ describe: () => Promise.resolve({ status: { name: 'RUNNING' }, raw }) }),
    },
  };
  const engine = createEngine(client as unknown as Client, 'queue');
  return await engine.presence({ collaborationId: 'c_1', pattern: 'analysis' });
}

const child = { workflowId: 'debate/c_1-p1' };
const call = { activityType: { name: 'askAgent' } };
const look = { activityType: { name: 'awaitPart' } };

test.each([
  ['idle', 'has nothing to do', {}],
  ['awaiting', 'waits for a part', { pendingChildren: [child] }],
  ['awaiting', 'looks for the end of a part', { pendingActivities: [look] }],
  ['busy', 'waits for a call', { pendingActivities: [look, call] }],
  ['busy', 'has a call beside a part', { pendingActivities: [call], pendingChildren: [child] }],
  ['busy', 'decides', { pendingWorkflowTask: {}, pendingChildren: [child] }],
])('is %s where it %s', async (kind, _what, raw) => {
  expect(await presenceOf(raw)).toEqual({ kind });
});
