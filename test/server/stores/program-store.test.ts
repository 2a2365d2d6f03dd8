import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { DetectedProgram } from '../../../domain/commands/detected-program.ts';
import { completeCommand } from '../../../domain/commands/command-schema.ts';
import type { Agent } from '../../../domain/providers/agent.ts';
import { agentAt } from '../../support/providers.ts';
import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

const leaseMs = 60_000;
const found: DetectedProgram = {
  isThere: true,
  version: '2.1.0',
  detail: '2.1.0',
  capabilities: {
    isAnswering: true,
    hasUsage: true,
    hasCost: false,
    latencyMs: 12,
    detail: 'answered within 10 ms',
  },
};

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
  await mayRunCode(true);
});

afterEach(async () => {
  await fixture.owner.sql`delete from conclave.agents`;
  await fixture.owner.sql`delete from conclave.programs`;
});

afterAll(() => fixture.close());

/** Grants every tenant to run code, or takes it back. */
async function mayRunCode(isAllowed: boolean): Promise<void> {
  await fixture.owner.sql`update conclave.tenants set may_run_code = ${isAllowed}`;
}

function program(name: string): Agent {
  const command = completeCommand({ path: '/opt/agents/own', output: { kind: 'text' } });
  return { ...agentAt('http://127.0.0.1:9', { provider: 'openai', name }), command };
}

describe('registered programs', () => {
  test('are handed out once, and known when somebody has looked', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));

    const claimed = await programs.claim(leaseMs);
    const second = await programs.claim(leaseMs);
    const before = await programs.found('one');
    const isSettled = claimed !== undefined && (await programs.settle(claimed, found));

    expect(claimed).toMatchObject({ tenantId: 'one', agent: { name: 'a' } });
    expect(second).toBeUndefined();
    expect(before).toEqual([]);
    expect(isSettled).toBe(true);
    expect(await programs.found('one')).toEqual([
      { ...found, agent: 'a', foundAt: expect.stringMatching(/Z$/) },
    ]);
    expect(await programs.found('two')).toEqual([]);
    expect(await programs.claim(leaseMs)).toBeUndefined();
  });

  test('are looked at anew when they are registered anew, and what was found of the old is dropped', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));
    const old = await programs.claim(leaseMs);
    await agents.put('one', program('a'));

    const isSettled = old !== undefined && (await programs.settle(old, found));

    expect(isSettled).toBe(false);
    expect(await programs.claim(leaseMs)).toMatchObject({ agent: { name: 'a' } });
  });

  test('are handed out again when the lease is over', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));

    const first = await programs.claim(-1);
    const again = await programs.claim(leaseMs);

    expect(again).toEqual(first);
  });

  test('are not handed out while their tenant may not run code, and are as soon as it may again', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));
    await mayRunCode(false);

    const refused = await programs.claim(leaseMs);
    await mayRunCode(true);

    expect(refused).toBeUndefined();
    expect(await programs.claim(leaseMs)).toMatchObject({ agent: { name: 'a' } });
  });

  test('of a tenant that may not run code keep no others waiting', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));
    await agents.put('two', program('b'));
    await fixture.owner.sql`update conclave.tenants set may_run_code = tenant_id = 'two'`;

    const claimed = await programs.claim(leaseMs);
    await mayRunCode(true);

    expect(claimed).toMatchObject({ tenantId: 'two', agent: { name: 'b' } });
  });

  test('are forgotten with their agents, and when those are programs no more', async () => {
    const { agents, programs } = fixture.stores;
    await agents.put('one', program('a'));
    await agents.put('one', program('b'));
    await agents.put('two', agentAt('http://127.0.0.1:9', { provider: 'openai', name: 'plain' }));

    await agents.remove('one', 'a');
    await agents.put('one', agentAt('http://127.0.0.1:9', { provider: 'openai', name: 'b' }));

    expect(await programs.claim(leaseMs)).toBeUndefined();
  });
});
