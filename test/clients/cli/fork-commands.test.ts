import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import { planWith } from '../../support/plans.ts';
import { saying } from '../../domain/replay/asking.ts';
import { runOf } from '../../domain/replay/driven-run.ts';
import { driveOn, fork } from '../../domain/replay/forked-run.ts';
import { listening, sealedSample } from './sealed-sample.ts';

const origin = runOf(planWith({ stopOnStability: false }), saying({}));
const forked = sealedSample(driveOn(fork(origin.events, { seq: 6, rounds: 3 }), saying({})).events);

let folder: string;
let server: Server;
let asked: { method: string; url: string; key: unknown; body: unknown }[] = [];
let status = 'running';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclave-fork-'));
  await writeFile(join(folder, 'record.json'), JSON.stringify(forked.record));
  await writeFile(join(folder, 'events.json'), JSON.stringify(forked.events));
  await writeFile(join(folder, 'origin.json'), JSON.stringify(origin.events));
  server = createServer((request, response) => {
    void json(request).then((body) => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, key: headers['idempotency-key'], body });
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'c_2', status, plan: { origin: { events: 6 } } }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked = [];
  status = 'running';
});

async function conclave(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const { surroundings, printed, noted } = listening({
    CONCLAVE_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    CONCLAVE_API_KEY: 'secret',
  });
  const code = await runCommandLine(args, surroundings);
  return { code, output: [...printed, ...noted].join('\n') };
}

describe('fork', () => {
  test('sends what was said and leaves the rest to the API', async () => {
    const { code, output } = await conclave(
      ...['fork', 'c_1', '--seq', '6', '--rounds', '3', '--tokens', '9000', '--usd', '0.5'],
      ...['--deadline', 'PT10M', '--no-stop-on-stability', '--idempotency-key', 'k1'],
    );

    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/v1/collaborations/c_1/forks',
        key: 'k1',
        body: {
          seq: 6,
          rounds: 3,
          budget: { tokens: 9000, usd: 0.5 },
          deadline: 'PT10M',
          stopOnStability: false,
        },
      },
    ]);
    expect([code, output]).toEqual([0, 'c_2  running\nfollow it:  npm run conclave -- follow c_2']);
  });

  test('says how a paused one goes on', async () => {
    status = 'paused';

    const { output } = await conclave('fork', 'c_1', '--at', '2026-11-21T09:00:00Z', '--paused');

    expect(asked[0]?.body).toEqual({ at: '2026-11-21T09:00:00Z', paused: true });
    expect(output).toBe('c_2  paused\nlet it go on:  npm run conclave -- resume c_2');
  });

  test.each([
    ['--seq', 'six'],
    ['--at', 'noon'],
    ['--rounds', ''],
  ])('refuses %s %j before it asks anybody', async (option, value) => {
    const { code } = await conclave('fork', 'c_1', option, value);

    expect([code, asked]).toEqual([2, []]);
  });
});

describe('the files of a fork', () => {
  async function verified(
    ...options: readonly string[]
  ): Promise<{ code: number; output: string }> {
    return await conclave('verify', join(folder, 'record.json'), ...options);
  }

  test('hold by themselves, and say that their origin was not looked at', async () => {
    const { code, output } = await verified('--events', join(folder, 'events.json'));

    expect(code).toBe(0);
    expect(output).toContain('6 events are said to be those of c_sample; check with --origin FILE');
  });

  test('are held against the events of their origin', async () => {
    const { code, output } = await verified(
      ...['--events', join(folder, 'events.json'), '--origin', join(folder, 'origin.json')],
    );

    expect(code).toBe(0);
    expect(output).toContain('ok      origin: 6 events are those of c_sample up to event 6');
    expect(output).not.toContain('are said to be');
  });

  test('do not hold with another origin', async () => {
    const { code, output } = await verified(
      ...['--events', join(folder, 'events.json'), '--origin', join(folder, 'events.json')],
    );

    expect(code).toBe(1);
    expect(output).toContain('FAILED  origin: ');
  });

  test('need their events beside those of the origin', async () => {
    const { code, output } = await verified('--origin', join(folder, 'origin.json'));

    expect(code).toBe(2);
    expect(output).toContain('--origin: expected the events of the fork beside it');
  });

  test.each(['replay', 'what-if', 'compare'])('answer %s', async (name) => {
    const { code } = await conclave(
      ...[name, join(folder, 'record.json'), '--events', join(folder, 'events.json')],
    );

    expect(code).toBe(0);
  });
});
