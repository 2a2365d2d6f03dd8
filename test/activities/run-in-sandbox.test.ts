import { describe, expect, test } from '@jest/globals';
import { ActivityCancellationDetails } from '@temporalio/common';
import type { MockActivityEnvironment } from '@temporalio/testing';

import { createCallsUnderWay } from '../../activities/calls-under-way.ts';
import { createRecordSandboxEnd } from '../../activities/sandbox/recorded-end.ts';
import { createRunInSandbox } from '../../activities/sandbox/run-in-sandbox.ts';
import { genesisHash, type LedgerEvent } from '../../domain/ledger/event.ts';
import type { Sandbox, SandboxResult, SandboxRun } from '../../domain/sandbox/run.ts';
import type { SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import { completeRequest, type SandboxRequest } from '../../domain/sandbox/run-request.ts';
import { readSandboxRun } from '../../domain/sandbox/run-state.ts';
import { refusal } from '../../infra/sandbox/refusal.ts';
import { sha256Of } from '../../infra/signing.ts';
import { requested, streamOf } from '../domain/sandbox/sample-events.ts';
import { environmentAt } from './turn-house.ts';

const ref = { tenantId: 'a', runId: 'r_1' };
const backend = { name: 'test', version: '1', proven: [] };
const command: SandboxRequest = { lane: 'command', argv: ['/bin/true'] };
const writing: SandboxRequest = {
  ...command,
  grants: [{ folder: 'cache', path: '/work', mode: 'write' }],
};
const outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

interface Scene {
  readonly request?: SandboxRequest;
  /** What the sandbox does with a run; by default it says `out`. */
  readonly act?: (run: SandboxRun, signal: AbortSignal) => Promise<SandboxResult>;
  /** What keeping meets, artifact by artifact, before it works. */
  readonly faults?: readonly unknown[];
}

function resultOf(changes: Partial<SandboxResult> = {}): SandboxResult {
  return { ...refusal(backend, ''), status: 'ok', exitCode: 0, stdout: 'out', ...changes };
}

/** A run that ends when it is stopped. */
const untilStopped: Scene['act'] = async (_run, signal) =>
  await new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(resultOf({ status: 'killed', exitCode: null, reason: 'stopped' }));
    });
  });

/** Everything around one run, in memory; rows follow from the ledger as in the database. */
function sandboxHouse({ request = command, act, faults = [] }: Scene = {}) {
  const events: LedgerEvent[] = streamOf([requested], ref.runId);
  const kept = new Map<string, string>();
  const ran: SandboxRun[] = [];
  const pending = [...faults];
  const calls = createCallsUnderWay();
  const sandbox: Pick<Sandbox, 'run'> = {
    run: async (run, signal) => {
      ran.push(run);
      return await (act?.(run, signal ?? new AbortController().signal) ?? resultOf());
    },
  };
  const recording = {
    now: () => Date.UTC(2026, 10, 21),
    ledger: {
      append: ({ events: added }: { events: readonly Pick<LedgerEvent, 'id'>[] }) => {
        const stored = added.map((event) => {
          const known = events.find(({ id }) => id === event.id);
          if (known !== undefined) return known;
          const place = { stream: ref.runId, seq: events.length + 1 };
          const sealed = { ...event, ...place, previousHash: genesisHash, hash: genesisHash };
          events.push(sealed as LedgerEvent);
          return sealed as LedgerEvent;
        });
        return Promise.resolve(stored);
      },
    },
  };
  const activity = createRunInSandbox({
    ...recording,
    workerId: 'w1',
    sandbox,
    calls,
    runs: {
      get: () => {
        const state = readSandboxRun(events);
        if (state === undefined) return Promise.resolve(undefined);
        const { status, attempts, createdAt, startedAt, cancelled, endedAt } = state;
        const course = { status, attempts, createdAt, startedAt, endedAt };
        const row = { runId: ref.runId, lane: 'command', requestSha256: 'request' } as const;
        return Promise.resolve({ ...row, ...course, cancelledAt: cancelled?.at ?? null });
      },
    },
    requests: {
      get: () => Promise.resolve(Buffer.from(JSON.stringify(completeRequest(request, 'seed')))),
    },
    artifacts: {
      put: async (_tenantId, { bytes, mediaType }) => {
        await Promise.resolve();
        const fault = pending.shift();
        if (fault !== undefined) throw fault;
        const sha256 = sha256Of(bytes);
        kept.set(sha256, new TextDecoder().decode(bytes));
        return { sha256, bytes: bytes.length, mediaType };
      },
    },
    folders: [{ name: 'cache', host: '/srv/cache', mode: 'write' }],
  });
  const run = async (
    environment: MockActivityEnvironment = environmentAt(),
  ): Promise<SandboxRunEnd> => await environment.run(activity, ref);
  return { events, kept, ran, calls, recording, run };
}

function typesOf(events: readonly LedgerEvent[]): readonly string[] {
  return events.map(({ type }) => type.split('.')[2] ?? '');
}

describe('a run', () => {
  test('is noted, run, kept and recorded, without a word in its record', async () => {
    const files = [{ path: 'a\0b', bytes: Buffer.from('left') }];
    const result = resultOf({ stderr: 'err', value: '42', diff: '', files });
    const house = sandboxHouse({ act: () => Promise.resolve(result) });

    const end = await house.run();

    expect(typesOf(house.events)).toEqual(['requested', 'started', 'ended']);
    expect(house.ran).toMatchObject([{ argv: ['/bin/true'], workFolder: '/work', grants: [] }]);
    expect(end).toMatchObject({ status: 'ok', exitCode: 0, backend, diff: null });
    expect(house.kept.get(end.stdout?.artifact ?? '')).toBe('out');
    expect(house.kept.get(end.stderr?.artifact ?? '')).toBe('err');
    expect(house.kept.get(end.value?.artifact ?? '')).toBe('42');
    expect(end.files).toMatchObject([{ path: 'a\uFFFDb', bytes: 4 }]);
    expect(JSON.stringify(house.events)).not.toContain('"out"');
  });

  test('that has ended is answered as recorded, and not run again', async () => {
    const house = sandboxHouse();

    const first = await house.run();
    const second = await house.run();

    expect(second).toEqual(first);
    expect(house.ran).toHaveLength(1);
    expect(typesOf(house.events)).toEqual(['requested', 'started', 'ended']);
  });

  test('is kept through an outage of the artifact store, and not run again', async () => {
    const house = sandboxHouse({ faults: [outage] });

    await expect(house.run()).resolves.toMatchObject({ status: 'ok' });
    expect(house.ran).toHaveLength(1);
  });

  test('leaves a fault of the backend to Temporal', async () => {
    const house = sandboxHouse({ act: () => Promise.reject(new Error('bwrap is gone')) });

    await expect(house.run()).rejects.toThrow('bwrap is gone');
    expect(typesOf(house.events)).toEqual(['requested', 'started']);
  });

  test('that nobody asked for fails for good', async () => {
    const house = sandboxHouse();
    house.events.length = 0;

    await expect(house.run()).rejects.toMatchObject({ type: 'not-found', nonRetryable: true });
  });

  test('is refused where a folder is not granted any more', async () => {
    const grants = [{ folder: 'gone', path: '/work', mode: 'read' as const }];
    const house = sandboxHouse({ request: { ...command, grants } });

    const end = await house.run();

    expect(end.status).toBe('refused');
    expect(end.reason).toBe('grants[0].folder: got "gone", expected one of cache');
    expect(house.ran).toEqual([]);
  });
});

describe('a run that may write a folder', () => {
  test('is run with the folder of the host', async () => {
    const house = sandboxHouse({ request: writing });

    await house.run();

    expect(house.ran).toMatchObject([
      { grants: [{ host: '/srv/cache', path: '/work', mode: 'write' }] },
    ]);
  });

  test('is not begun a second time', async () => {
    const house = sandboxHouse({ request: writing, act: () => Promise.reject(new Error('lost')) });
    await expect(house.run()).rejects.toThrow('lost');

    const end = await house.run();

    expect(end).toMatchObject({ status: 'killed' });
    expect(end.reason).toContain('not begun twice');
    expect(house.ran).toHaveLength(1);
  });
});

describe('a cancellation', () => {
  test('that the database tells ends the run, which is recorded', async () => {
    const house = sandboxHouse({ act: untilStopped });

    const ending = house.run();
    await untilRunning(house);
    house.calls.stop(ref.runId, ['run']);

    await expect(ending).resolves.toMatchObject({ status: 'killed', reason: 'cancelled' });
    expect(typesOf(house.events)).toEqual(['requested', 'started', 'ended']);
  });

  test('that Temporal tells ends the run as well', async () => {
    const house = sandboxHouse({ act: untilStopped });
    const environment = environmentAt();

    const ending = house.run(environment);
    await untilRunning(house);
    environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));

    await expect(ending).resolves.toMatchObject({ status: 'killed', reason: 'cancelled' });
  });

  test('that came before anybody began it is all that happens', async () => {
    const house = sandboxHouse();
    const about = { type: 'conclave.sandbox.cancelled.v1', id: 'r_1/cancelled' } as const;
    house.events.push({ ...(house.events[0] as LedgerEvent), ...about, data: { reason: '' } });

    const end = await house.run();

    expect(end).toMatchObject({ status: 'killed', reason: 'cancelled before it began' });
    expect(house.ran).toEqual([]);
  });
});

test('a worker that ends leaves its run to another one, unrecorded', async () => {
  const house = sandboxHouse({ act: untilStopped });
  const environment = environmentAt();

  const ending = house.run(environment);
  await untilRunning(house);
  environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));

  await expect(ending).rejects.toMatchObject({ type: 'worker-lost', nextRetryDelay: 1 });
  expect(typesOf(house.events)).toEqual(['requested', 'started']);
});

test('a worker that ends before it began leaves its run to another one as well', async () => {
  const house = sandboxHouse();
  const environment = environmentAt();
  environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));

  await expect(house.run(environment)).rejects.toMatchObject({ type: 'worker-lost' });
  expect(typesOf(house.events)).toEqual(['requested']);
});

describe('the end of a run without a result', () => {
  test('is recorded', async () => {
    const house = sandboxHouse();
    const record = createRecordSandboxEnd(house.recording);

    const end = await record({ ...ref, status: 'failed', reason: 'why' });

    expect(end).toMatchObject({ status: 'failed', reason: 'why', backend: null });
    expect(house.events.at(-1)).toMatchObject({ source: '/workflows/sandbox/r_1' });
  });

  test('changes nothing where there was one', async () => {
    const house = sandboxHouse();
    const record = createRecordSandboxEnd(house.recording);
    const first = await house.run();

    expect(await record({ ...ref, status: 'failed', reason: 'why' })).toEqual(first);
  });
});

/** The next step has to come while the sandbox has it. */
async function untilRunning(house: { readonly ran: readonly SandboxRun[] }): Promise<void> {
  while (house.ran.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
