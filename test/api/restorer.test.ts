import { describe, expect, test } from '@jest/globals';

import { createRestorer } from '../../api/starts/restorer.ts';
import { createRunningHouse } from './running-house.ts';
import { createHouse } from './fake-house.ts';
import type { House } from './fake-house.ts';

const MINUTE_MS = 60_000;

async function startedRun(house: House, more: object = {}): Promise<string> {
  const response = await house.post('/v1/collaborations', {
    pattern: 'debate',
    question: 'Tabs or spaces?',
    options: ['tabs', 'spaces'],
    ...more,
  });
  return ((await response.json()) as { id: string }).id;
}

/** Lets the restorer look, once for each of these steps, after the step. */
async function looking(house: House, ...steps: (() => void)[]): Promise<void> {
  const restorer = createRestorer(house.deps, house.app.metrics, { pageRuns: 2, pauseMs: 0 });
  await restorer.runOnce();
  for (const step of steps) {
    step();
    await restorer.runOnce();
  }
  await restorer.stop();
}

const restoredIds = (house: House): readonly string[] =>
  house.restored.map(({ collaborationId }) => collaborationId);

const forget = (house: House): void => {
  house.presences.clear();
  house.incarnation += ' again';
};

describe('a run that Temporal has forgotten', () => {
  test('is started again where the ledger has it', async () => {
    const house = createHouse();
    const id = await startedRun(house);
    house.append('a', id, {
      id: `${id}/update-1`,
      type: 'conclave.collaboration.paused.v1',
      data: { by: '/users/a' },
    });
    house.presences.clear();

    await looking(house);

    expect(restoredIds(house)).toEqual([id]);
    expect(house.restored[0]?.resumed).toMatchObject({
      state: { isPaused: true, round: 1 },
      known: 3,
      decidedSteps: 0,
      outstanding: ['proposal-1-s2'],
    });
  });

  test('has what is left of its deadline', async () => {
    const house = createHouse();
    await startedRun(house, { deadline: 'PT10M' });
    house.presences.clear();
    house.nowMs += 4 * MINUTE_MS;

    await looking(house);

    expect(house.restored[0]?.plan.deadlineMs).toBe(6 * MINUTE_MS);
  });

  test('has no time left when its deadline passed meanwhile', async () => {
    const house = createHouse();
    await startedRun(house, { deadline: 'PT10M' });
    house.presences.clear();
    house.nowMs += 11 * MINUTE_MS;

    await looking(house);

    expect(house.restored[0]?.plan.deadlineMs).toBe(1);
  });

  test('is counted once, however many look', async () => {
    const house = createHouse();
    await startedRun(house);
    house.presences.clear();

    await Promise.all([looking(house), looking(house)]);

    const text = await house.app.metrics.registry.metrics();
    expect(restoredIds(house)).toHaveLength(1);
    expect(text).toContain(
      'conclave_collaboration_starts_total{pattern="debate",outcome="restored"} 1',
    );
  });

  test('that is one of many pages is found', async () => {
    const house = createHouse();
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) {
      house.nowMs += 1000;
      ids.push(await startedRun(house));
    }
    house.presences.clear();

    await looking(house);

    expect([...restoredIds(house)].sort()).toEqual(ids);
  });

  test('does not come back once it has ended', async () => {
    const house = createHouse();
    const id = await startedRun(house);
    house.seal('a', id);
    house.presences.clear();

    await looking(house);

    expect(house.restored).toEqual([]);
  });

  test('that cannot be read does not hold up those behind it', async () => {
    const house = createHouse();
    const broken = await startedRun(house);
    house.nowMs += 1000;
    const whole = await startedRun(house);
    house.presences.clear();
    house.streams.set(`a/${broken}`, []);

    await looking(house);

    expect(restoredIds(house)).toEqual([whole]);
  });

  test('is brought back by whoever steers it, who is heard', async () => {
    const { house, id, path } = await createRunningHouse();
    house.presences.clear();
    house.deps.engine.pause = ({ collaborationId }) =>
      Promise.resolve(
        house.presences.has(collaborationId)
          ? { kind: 'done', status: 'paused' }
          : { kind: 'ended' },
      );

    const response = await house.post(`${path}/pause`, {});

    expect(response.status).toBe(200);
    expect(restoredIds(house)).toEqual([id]);
  });

  test('answers 503 to whoever steers it while Temporal is away', async () => {
    const { house, path } = await createRunningHouse();
    house.isEngineAway = true;
    house.outcome = { kind: 'ended' };

    expect((await house.post(`${path}/pause`, {})).status).toBe(503);
  });
});

describe('the runs under way are looked at', () => {
  test('as soon as Temporal answers for the first time', async () => {
    const house = createHouse();
    const id = await startedRun(house);
    house.presences.clear();
    house.isEngineAway = true;

    await looking(house, () => (house.isEngineAway = false));

    expect(restoredIds(house)).toEqual([id]);
  });

  test('when Temporal has another database', async () => {
    const house = createHouse();
    const id = await startedRun(house);

    await looking(house, () => {
      forget(house);
    });

    expect(restoredIds(house)).toEqual([id]);
  });

  test('when Temporal was away', async () => {
    const house = createHouse();
    const id = await startedRun(house);

    await looking(
      house,
      () => (house.isEngineAway = true),
      () => {
        house.isEngineAway = false;
        house.presences.clear();
      },
    );

    expect(restoredIds(house)).toEqual([id]);
  });

  test('once more after twenty seconds, then every ten minutes, and not before', async () => {
    const house = createHouse();
    await startedRun(house);
    const counts: number[] = [];
    const after = (ms: number) => () => {
      counts.push(house.restored.length);
      house.presences.clear();
      house.nowMs += ms;
    };

    await looking(house, after(19_000), after(1000), after(9 * MINUTE_MS), after(MINUTE_MS));

    expect([...counts, house.restored.length]).toEqual([0, 0, 1, 1, 2]);
  });

  test('again from the beginning when Temporal went away meanwhile', async () => {
    const house = createHouse();
    const id = await startedRun(house);
    house.presences.clear();
    let looks = 0;
    house.deps.engine.presence = () => {
      looks += 1;
      return Promise.resolve(
        looks === 1 ? { kind: 'unreachable', cause: 'away' } : { kind: 'absent' },
      );
    };

    await looking(house, () => undefined);

    expect(restoredIds(house)).toEqual([id]);
  });
});

describe('a run that rests while its parts are under way', () => {
  test('is told to catch up once after a loss, and not at every later look', async () => {
    const house = createHouse();
    const id = await startedRun(house);
    const row = house.rows.get(`a/${id}`);
    if (row !== undefined) house.rows.set(`a/${id}`, { ...row, status: 'paused' });
    house.deps.engine.presence = () => Promise.resolve({ kind: 'awaiting' });
    const after = (ms: number) => () => (house.nowMs += ms);

    await looking(house, after(20_000), after(10 * MINUTE_MS), after(10 * MINUTE_MS));

    expect(house.caughtUp).toEqual([id]);
  });

  test('is not told to where it runs on', async () => {
    const house = createHouse();
    await startedRun(house);
    house.deps.engine.presence = () => Promise.resolve({ kind: 'awaiting' });

    await looking(house);

    expect(house.caughtUp).toEqual([]);
  });
});

describe('a run that Temporal remembers', () => {
  test.each([
    ['running', 'busy', false],
    ['running', 'idle', true],
    ['paused', 'idle', false],
    ['paused', 'busy', true],
    ['running', 'closed', false],
  ] as const)('as %s and %s is told to catch up: %s', async (status, presence, isTold) => {
    const house = createHouse();
    const id = await startedRun(house);
    const row = house.rows.get(`a/${id}`);
    if (row !== undefined) house.rows.set(`a/${id}`, { ...row, status });
    house.presences.set(id, presence);

    await looking(house);

    expect(house.caughtUp).toEqual(isTold ? [id] : []);
    expect(house.restored).toEqual([]);
  });
});
