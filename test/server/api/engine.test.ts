import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { createCollaborationId } from '../../../api/collaboration-id.ts';
import { openTemporal } from '../../../infra/temporal/client.ts';
import type { TemporalConnection } from '../../../infra/temporal/client.ts';
import { createEngine } from '../../../infra/temporal/engine.ts';
import { createSandboxEngine } from '../../../infra/temporal/sandbox-engine.ts';
import { sandboxWorkflowIdOf, searchAttributes } from '../../../infra/temporal/settings.ts';
import { planWith } from '../../support/plans.ts';
import { sharedAddresses } from '../end-to-end/addresses.ts';

let temporal: TemporalConnection;

beforeAll(() => {
  temporal = openTemporal(sharedAddresses().temporal);
});

afterAll(() => temporal.close());

/** A queue that nobody serves: the run begins and nothing comes of it. */
const idleQueue = 'engine-test';

describe('the engine', () => {
  test('starts a run once, however often it is told to', async () => {
    const engine = createEngine(temporal.client, idleQueue);
    const collaborationId = createCollaborationId(Date.now());
    const input = { tenantId: 'one', collaborationId, plan: planWith() };

    const outcomes = [await engine.start(input), await engine.start(input)];

    const handle = temporal.client.workflow.getHandle(`debate/${collaborationId}`);
    const { typedSearchAttributes, status } = await handle.describe();
    await handle.terminate();
    expect(outcomes).toEqual([{ kind: 'started' }, { kind: 'started' }]);
    expect(status.name).toBe('RUNNING');
    expect([
      typedSearchAttributes.get(searchAttributes.tenantId),
      typedSearchAttributes.get(searchAttributes.pattern),
      typedSearchAttributes.get(searchAttributes.status),
    ]).toEqual(['one', 'debate', 'running']);
  });

  test('does not start again what has ended', async () => {
    const engine = createEngine(temporal.client, idleQueue);
    const collaborationId = createCollaborationId(Date.now());
    const input = { tenantId: 'one', collaborationId, plan: planWith() };
    await engine.start(input);
    const handle = temporal.client.workflow.getHandle(`debate/${collaborationId}`);
    await handle.terminate();

    const again = await engine.start(input);

    expect(again).toEqual({ kind: 'started' });
    expect((await handle.describe()).status.name).toBe('TERMINATED');
  });

  test('restores what Temporal does not know, and tells how it has a run', async () => {
    const engine = createEngine(temporal.client, idleQueue);
    const run = { collaborationId: createCollaborationId(Date.now()), pattern: 'debate' as const };
    const input = { tenantId: 'one', ...run, plan: planWith() };
    const handle = temporal.client.workflow.getHandle(`debate/${run.collaborationId}`);

    const absent = await engine.presence(run);
    const restored = [await engine.restore(input), await engine.restore(input)];
    const busy = await engine.presence(run);
    await handle.terminate();
    const afterwards = [await engine.presence(run), await engine.restore(input)];

    expect([absent, busy]).toEqual([{ kind: 'absent' }, { kind: 'busy' }]);
    expect(restored).toEqual([{ kind: 'restored' }, { kind: 'known' }]);
    expect(afterwards).toEqual([{ kind: 'closed' }, { kind: 'known' }]);
    await expect(engine.catchUp(run)).resolves.toBeUndefined();
    expect(await engine.incarnation()).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('tells that a run has ended or never was', async () => {
    const engine = createEngine(temporal.client, idleQueue);
    const target = {
      collaborationId: createCollaborationId(Date.now()),
      pattern: 'debate' as const,
      updateId: 'tested',
    };

    expect(await engine.pause(target, { by: '/users/one' })).toEqual({ kind: 'ended' });
  });

  test('tells that Temporal is away instead of failing', async () => {
    const away = openTemporal({ address: '127.0.0.1:1', namespace: 'default' });
    const engine = createEngine(away.client, idleQueue);
    const collaborationId = createCollaborationId(Date.now());
    const target = { collaborationId, pattern: 'debate' as const, updateId: 'u1' };

    const start = await engine.start({ tenantId: 'one', collaborationId, plan: planWith() });
    const update = await engine.pause(target, { by: '/users/one' });
    const health = await away.checkHealth(1000).catch((error: unknown) => error);
    await away.close();

    expect([start.kind, update.kind]).toEqual(['unreachable', 'unreachable']);
    expect(health).toBeInstanceOf(Error);
  });
});

// Temporal's UI shows an attribute of ours in the place of its own status, and nothing would set it anew at the end.
test('the engine of runs in the sandbox starts one without a status of ours', async () => {
  const engine = createSandboxEngine(temporal.client, idleQueue);
  const runId = `r_${randomUUID()}`;

  const outcome = await engine.start({ tenantId: 'one', runId, lane: 'command', timeMs: 1000 });

  const handle = temporal.client.workflow.getHandle(sandboxWorkflowIdOf(runId));
  const { typedSearchAttributes } = await handle.describe();
  await handle.terminate();
  expect(outcome).toEqual({ kind: 'started' });
  expect(typedSearchAttributes.get(searchAttributes.pattern)).toBe('sandbox');
  expect(typedSearchAttributes.get(searchAttributes.status)).toBeUndefined();
});
