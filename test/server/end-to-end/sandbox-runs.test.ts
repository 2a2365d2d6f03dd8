import { createHash, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { verifyChain } from '../../../domain/ledger/chain.ts';
import { openTemporal } from '../../../infra/temporal/client.ts';
import { processesNamed } from '../../support/sandbox/processes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { sharedAddresses } from './addresses.ts';
import { SandboxTenant, shellRun, type ShownRun } from './sandbox-tenant.ts';

const installMs = 300_000;
const path = '/v1/sandbox/runs';
const endedType = 'conclave.sandbox.ended.v1';
const startedType = 'conclave.sandbox.started.v1';
const manyRuns = 50;
const manyMs = 120_000;

let tenant: SandboxTenant;
let other: SandboxTenant;
let temporal: ReturnType<typeof openTemporal>;

beforeAll(async () => {
  ensureSandboxTools();
  tenant = await SandboxTenant.open();
  other = await SandboxTenant.open();
  temporal = openTemporal(sharedAddresses().temporal);
}, installMs);

afterAll(async () => {
  await temporal.close();
});

describe('a command', () => {
  test('gives exit code, output and files, and says which backend ran it', async () => {
    const run = await tenant.shell('echo out; echo err >&2; echo left > /artifacts/file; exit 3');

    expect(run).toMatchObject({
      status: 'error',
      attempts: 1,
      result: { status: 'error', exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
    });
    expect(run.result?.backend?.proven).toContain('namespaces');
    const [file] = run.result?.files ?? [];
    expect((await tenant.call(`/v1/artifacts/${file?.artifact ?? ''}`)).body).toBe('left\n');
  });

  test('gets its input, variables and seed', async () => {
    const script = 'cat; echo "$GREETING $CONCLAVE_SEED"';

    const run = await tenant.shell(script, { stdin: 'in ', env: { GREETING: 'hi' }, seed: 'x' });

    expect(run.result?.stdout).toBe('in hi x\n');
  });

  test('that runs into its time ends as that, with what it had said', async () => {
    const run = await tenant.shell('echo begun; sleep 60', { limits: { timeMs: 500 } });

    expect(run).toMatchObject({ status: 'timeout', result: { stdout: 'begun\n' } });
  });

  test('with more output than is shown in place names where it is', async () => {
    const run = await tenant.shell('head -c 70000 /dev/zero | tr "\\0" x');

    const { artifact } = run.result?.stdout as { artifact: string };
    expect((await tenant.call<string>(`/v1/artifacts/${artifact}`)).body).toHaveLength(70_000);
  });
});

describe('a snippet', () => {
  test('of JavaScript gives its value, the same for the same seed', async () => {
    const body = { lane: 'javascript', code: 'output({ drawn: Math.random() })', seed: 'x' };

    const [first, second] = [await tenant.run(body), await tenant.run(body)];

    expect(first.status).toBe('ok');
    expect(JSON.parse(String(first.result?.value))).toEqual({ drawn: expect.any(Number) });
    expect(second.result?.value).toBe(first.result?.value);
  });

  test('of JavaScript that does not end runs out of fuel', async () => {
    const run = await tenant.run({ lane: 'javascript', code: 'for (;;);', limits: { fuel: 10 } });

    expect(run).toMatchObject({ status: 'fuel', result: { fuelUsed: 10 } });
  });

  test('of Python gives its value and what it printed', async () => {
    const code = 'import sys\nprint("said", file=sys.stderr)\noutput([1, 2])';

    const run = await tenant.run({ lane: 'python', code });

    expect(run).toMatchObject({ status: 'ok', result: { value: '[1,2]', stderr: 'said\n' } });
  });
});

describe('the record of a run', () => {
  test('is a whole chain that tells course and result, and no word of what was run or said', async () => {
    const run = await tenant.shell('echo spoken-word; : hidden-word');

    const events = await tenant.events(run.id);

    expect(events.map(({ type }) => type)).toEqual([
      'conclave.sandbox.requested.v1',
      startedType,
      endedType,
    ]);
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    expect(verifyChain(events, sha256).ok).toBe(true);
    expect(JSON.stringify(events)).not.toMatch(/spoken-word|hidden-word/);
    expect(events.at(-1)?.data).toMatchObject({ status: 'ok', backend: run.result?.backend });
  });

  test('leaves no such word in the history of its workflow either', async () => {
    const run = await tenant.shell('echo spoken-word; : hidden-word');

    const handle = temporal.client.workflow.getHandle(`sandbox/${run.id}`);
    const { events } = await handle.fetchHistory();

    const words = inWords(events);
    expect(words).toContain(run.id);
    expect(words).not.toMatch(/spoken-word|hidden-word/);
  });

  test('has the whole request as an artifact', async () => {
    const run = await tenant.shell('true', { env: { A: 'b' } });

    const kept = await tenant.call(`/v1/artifacts/${run.request.artifact}`);

    expect(kept.body).toMatchObject({
      lane: 'command',
      argv: ['/bin/sh', '-c', 'true'],
      workFolder: '/work',
      env: { A: 'b' },
      seed: run.seed,
    });
  });
});

describe('a start', () => {
  test('without waiting is accepted, and the run ends by itself', async () => {
    const answer = await tenant.call<ShownRun>(path, { body: shellRun('echo later') });

    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`${path}/${answer.body.id}`);
    expect((await tenant.ended(answer.body.id)).result?.stdout).toBe('later\n');
  });

  test('that waits for less than the run takes is accepted', async () => {
    const headers = { prefer: 'wait=1' };

    const answer = await tenant.call<ShownRun>(path, { body: shellRun('sleep 20'), headers });

    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
    expect(['queued', 'running']).toContain(answer.body.status);
    await tenant.call(`${path}/${answer.body.id}/cancel`, { body: {} });
  });

  test('under a key is done once, and refused with another body', async () => {
    const headers = { prefer: 'wait=30', 'idempotency-key': 'once' };
    const body = shellRun('echo $CONCLAVE_SEED');

    const [first, second] = await Promise.all([
      tenant.call<ShownRun>(path, { body, headers }),
      tenant.call<ShownRun>(path, { body, headers }),
    ]);
    const third = await tenant.call<ShownRun>(path, { body, headers });
    const wrong = await tenant.call(path, { body: shellRun('true'), headers });

    expect(second.body).toEqual(first.body);
    expect(third.body).toEqual(first.body);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
    expect(wrong).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect(await tenant.events(first.body.id)).toHaveLength(3);
  });

  test(
    'of many at once gives each its own result',
    async () => {
      const numbers = Array.from({ length: manyRuns }, (_, index) => index);

      const runs = await Promise.all(numbers.map((n) => tenant.shell(`echo ${String(n)}`)));

      expect(runs.map(({ result }) => result?.stdout)).toEqual(
        numbers.map((n) => `${String(n)}\n`),
      );
    },
    manyMs,
  );
});

describe('a stream of events', () => {
  test('that broke goes on after the last event that was seen', async () => {
    const id = await tenant.start(shellRun('sleep 1; echo done'));

    const before = await tenant.follow(id, { until: startedType });
    const after = await tenant.follow(id, { lastEventId: before.at(-1)?.id ?? 0 });

    expect([...before, ...after].map((frame) => frame.id)).toEqual([1, 2, 3]);
    expect(after.at(-1)?.event).toBe(endedType);
  });
});

describe('a cancellation', () => {
  test('ends a run long before its time, with what it had said', async () => {
    const word = `endless-${randomUUID()}`;
    const argv = ['/bin/bash', '-c', `echo begun; exec -a ${word} sleep 600`];
    const id = await tenant.start({ lane: 'command', argv, limits: { timeMs: 600_000 } });
    const running = async (): Promise<number> => await Promise.resolve(processesNamed(word).length);
    await untilSeen(running, (count) => count === 1);

    const answer = await tenant.call(`${path}/${id}/cancel`, { body: { reason: 'enough' } });
    const run = await tenant.ended(id);

    expect(answer.status).toBe(202);
    expect(run).toMatchObject({
      status: 'killed',
      cancelled: { reason: 'enough' },
      result: { reason: 'cancelled', stdout: 'begun\n' },
    });
    expect(await running()).toBe(0);
    expect((await tenant.call(`${path}/${id}/cancel`, { body: {} })).status).toBe(409);
  });
});

describe('another tenant', () => {
  test('finds nothing of a run, neither its events nor what it said', async () => {
    const run = await tenant.shell('echo mine > /artifacts/file');
    const [file] = run.result?.files ?? [];

    const answers = await Promise.all([
      other.call(`${path}/${run.id}`),
      other.call(`${path}/${run.id}/events`),
      other.call(`${path}/${run.id}/cancel`, { body: {} }),
      other.call(`/v1/artifacts/${file?.artifact ?? ''}`),
      other.call(`/v1/artifacts/${run.request.artifact}`),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    const list = await other.call<{ items: unknown[] }>(path);
    expect(list.body.items).toEqual([]);
  });

  test('that was not granted to run code is refused', async () => {
    const denied = await SandboxTenant.open(sharedAddresses(), { mayRunCode: false });

    const answer = await denied.call(path, { body: shellRun('true') });

    expect(answer).toMatchObject({ status: 403, body: { code: 'not-permitted' } });
  });
});

describe('a list', () => {
  test('has the newest first, by pages and by how they ended', async () => {
    const lister = await SandboxTenant.open();
    const ids: string[] = [];
    for (const script of ['true', 'false', 'true']) ids.unshift((await lister.shell(script)).id);

    const first = await lister.call<Page>(`${path}?limit=2`);
    const second = await lister.call<Page>(`${path}?limit=2&cursor=${first.body.next ?? ''}`);
    const failed = await lister.call<Page>(`${path}?status=error&lane=command`);
    const snippets = await lister.call<Page>(`${path}?lane=python`);

    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(ids);
    expect(second.body.next).toBeNull();
    expect(failed.body.items.map(({ id }) => id)).toEqual([ids[1]]);
    expect(snippets.body.items).toEqual([]);
  });
});

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly next: string | null;
}

/** Payloads are bytes; JSON would write them as numbers, in which no word is found. */
function inWords(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(inWords).join('\n');
}
