import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCommandLine } from '../../../clients/cli/program.ts';
import type { Comparison } from '../../../domain/replay/comparison.ts';
import type { Moment } from '../../../domain/replay/moment.ts';
import type { Replay } from '../../../domain/replay/replay.ts';
import type { WhatIf } from '../../../domain/replay/what-if.ts';
import { printerInto } from '../../support/printer-into.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
let debate: Shown;
let path: string;
let models: readonly string[];
const options = ['Postgres', 'SQLite', 'MySQL'];
const runMs = 90_000;

beforeAll(async () => {
  house = await House.open();
  const { body } = await house.call<{ items: { model: string }[] }>('/v1/agents');
  models = [...new Set(body.items.map(({ model }) => model))];
  const body3 = { pattern: 'debate', question: 'Which store?', options, rounds: 3 };
  debate = await house.run({ ...body3, stopOnStability: false, endsEarly: false });
  path = `/v1/collaborations/${debate.id}`;
}, runMs);

afterAll(() => house.close());

/** Calls that any model of the panel has had. */
async function callsOfAll(): Promise<number> {
  const counts = await Promise.all(models.map((model) => house.calls(model)));
  return counts.reduce((sum, { calls }) => sum + calls, 0);
}

describe('a debate that has ended', () => {
  test('replays to the same record', async () => {
    const { body } = await house.call<Replay>(`${path}/replays`, { body: {} });

    expect(body).toMatchObject({ kind: 'equal' });
    expect(await brokenPromises(house, debate)).toEqual([]);
  });

  test('answers what-ifs, its comparison and any moment without one call', async () => {
    const before = await callsOfAll();
    const fewer = await house.call<WhatIf>(`${path}/replays`, { body: { rounds: 1 } });
    const more = await house.call<WhatIf>(`${path}/replays`, { body: { rounds: 5 } });
    const comparison = await house.call<Comparison>(`${path}/comparison`);
    const events = await house.events(debate.id);
    const moments = await Promise.all(
      events.map(({ seq }) => house.call<Moment>(`${path}/state?seq=${String(seq)}`)),
    );

    expect(fewer.body).toMatchObject({ kind: 'answered', decision: { rounds: 1 } });
    expect(more.body).toMatchObject({ kind: 'unanswerable' });
    expect(comparison.body.rows).toHaveLength(9);
    expect(moments.map(({ status, body }) => [status, body.seq])).toEqual(
      events.map(({ seq }) => [200, seq]),
    );
    expect(moments.at(-1)?.body.budget.spent.calls).toBe(debate.decision?.cost.calls);
    expect(await callsOfAll()).toBe(before);
    expect(before).toBeGreaterThan(0);
  });

  test(
    'does the same from its files alone',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'conclave-files-'));
      const record = join(folder, 'record.json');
      const events = join(folder, 'events.json');
      await writeFile(record, JSON.stringify((await house.call(`${path}/record`)).body));
      await writeFile(events, JSON.stringify(await house.events(debate.id)));
      const said: string[] = [];
      const printer = printerInto(said, []);
      const surroundings = { env: {}, printer, signal: new AbortController().signal };

      const codes = [];
      for (const [name = '', ...more] of [
        ['replay'],
        ['what-if', '--rounds', '1'],
        ['compare'],
        ['state', '--seq', '5'],
      ]) {
        const args = [name, record, '--events', events, ...more];
        codes.push(await runCommandLine(args, surroundings));
      }
      await rm(folder, { recursive: true });

      expect(codes).toEqual([0, 0, 0, 0]);
      expect(said[0]).toMatch(/^equal: \d+ events replayed/);
    },
    runMs,
  );
});

test(
  'a run that runs cannot be replayed, but its state is shown',
  async () => {
    const body = { pattern: 'debate', question: 'Which store?', options, rounds: 3 };
    const id = await house.start(body);
    await house.steer(id, 'pause');

    const early = await house.call<{ code: string }>(`/v1/collaborations/${id}/replays`, {
      body: { rounds: 1 },
    });
    const now = await house.call<Moment>(`/v1/collaborations/${id}/state`);
    await house.steer(id, 'resume');

    expect([early.status, early.body.code]).toEqual([409, 'not-ended']);
    expect(now.body.context.question).toBe('Which store?');
    expect(await brokenPromises(house, await house.ended(id))).toEqual([]);
  },
  runMs,
);
