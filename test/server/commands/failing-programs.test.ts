import { randomUUID } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import { ProviderFaultError } from '../../../activities/models/fault.ts';
import { fakeCommand, question } from '../../support/programs/fake-command.ts';
import { faultOf } from '../../support/providers.ts';
import { processesNamed } from '../../support/sandbox/processes.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { failureOf, sharedHouse } from './command-house.ts';

const never = new AbortController().signal;
const briefly = { limits: { timeMs: 4000 } };

const house = sharedHouse();

describe('a program that misbehaves', () => {
  test.each([
    ['half', [], 'half-output', 'malformed', 'retry-now'],
    ['empty', [], 'no-output', 'malformed', 'retry-now'],
    ['exit', ['3'], 'exit-code', 'server-error', 'retry-now'],
    ['exit', ['2'], 'exit-code', 'bad-request', 'never'],
    ['exit', ['127'], 'exit-code', 'not-found', 'never'],
    ['crash', [], 'ended-by-signal', 'server-error', 'retry-now'],
    ['flood', [], 'output-limit', 'malformed', 'never'],
    ['ask', [], 'asked-question', 'bad-request', 'never'],
    ['error', [], 'reported-error', 'unauthorised', 'never'],
    ['print', ['text-answer'], 'unreadable-output', 'malformed', 'never'],
  ] as const)('fails: %s %j', async (behaviour, rest, reason, code, disposition) => {
    const { failure, fault, trace } = await failureOf(house.ask([behaviour, ...rest]));

    expect(failure.reason).toBe(reason);
    expect(fault).toMatchObject({ code, disposition });
    expect(trace.record.status).not.toBe('refused');
    expect(fault.message).not.toMatch(/none of your business/);
  });

  test.each([
    ['hang', 'time-limit', 'timeout'],
    ['deaf', 'time-limit', 'timeout'],
    ['ask-and-hang', 'asked-question', 'bad-request'],
  ] as const)('is ended after its time: %s', async (behaviour, reason, code) => {
    const { failure, fault } = await failureOf(house.ask([behaviour], briefly));

    expect(failure.reason).toBe(reason);
    expect(fault).toMatchObject({ code, mayHaveCost: true });
  });

  test('keeps what it printed before it failed, without what it may have cost for certain', async () => {
    const { failure, trace } = await failureOf(house.ask(['half']));

    expect(trace.stdout).toMatch(/^\{"type":"result"/);
    expect(failure).toMatchObject({ costMicrosUsd: null, usage: { inputTokens: null } });
  });

  test('is stopped within a second of its cancellation', async () => {
    const word = `deaf-${randomUUID()}`;
    const canceller = new AbortController();
    // It calls itself so, and sleeps, only once it takes no hint.
    const script = `trap "" TERM INT; exec -a ${word} sleep 600`;
    const command = fakeCommand(['-c', script], { path: '/bin/bash' });
    const asked = failureOf(house.connector(command).ask(question({ signal: canceller.signal })));
    const begun = untilSeen(
      async () => await Promise.resolve(processesNamed(word).length),
      (count) => count > 0,
    );
    await Promise.race([begun, asked]);

    const cancelledAt = performance.now();
    canceller.abort();
    const { fault } = await asked;

    expect(await begun).toBe(1);
    expect(fault.code).toBe('cancelled');
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
  });

  test('is not run after a cancellation', async () => {
    const before = house.runs.length;
    const asked = house
      .connector(fakeCommand(['empty']))
      .ask(question({ signal: AbortSignal.abort() }));

    expect(await faultOf(asked)).toMatchObject({ code: 'cancelled' });
    expect(house.runs).toHaveLength(before);
  });
});

test('a sandbox that fails itself is a fault that may pass', async () => {
  const sandbox = await house.deps.sandbox();
  const failing = { ...sandbox, run: () => Promise.reject(new Error('no cgroup')) };
  const deps = { ...house.deps, sandbox: () => Promise.resolve(failing) };
  const command = fakeCommand(['empty']);
  const connector = createCommandConnector(
    { tenantId: 'one', name: 'a', model: 'm', command, simulated: true },
    deps,
  );

  await expect(connector.ask(question())).rejects.toBeInstanceOf(ProviderFaultError);
  expect(await faultOf(connector.ask(question()))).toMatchObject({ disposition: 'retry-now' });
  expect(await connector.probe(never)).toMatchObject({
    status: 'failing',
    detail: 'the sandbox failed',
  });
});
