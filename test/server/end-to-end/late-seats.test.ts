import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const runMs = 90_000;
/** Longer than any other wait of this test, so that only a call that is stopped lets it end. */
const slowMs = 300_000;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

/** The panel sees a caller go a moment after the run has ended. */
async function untilAborted(model: string): Promise<object> {
  return await untilSeen(
    async () => await house.calls(model),
    ({ aborted }) => aborted > 0,
  );
}

test(
  'a seat that cannot change the outcome is not waited for: its call stops at the panel and is paid as cancelled',
  async () => {
    const model = `sim-${randomUUID().slice(0, 8)}-slow-${String(slowMs)}`;
    const run = await house.run({
      pattern: 'consensus',
      question: 'Which store?',
      options: ['Postgres', 'SQLite'],
      participants: ['sim-ada', 'sim-bo', await house.agent(model)],
      protocol: { kind: 'quorum', required: 1 },
      budget: { tokens: 100_000 },
    });

    const events = await house.events(run.id);
    const closed = events.find(({ type }) => type === 'conclave.round.closed.v1');
    const late = events.filter(({ data }) => data['seat'] === 's3');
    expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'certain' });
    expect(closed?.data).toMatchObject({ reason: 'certain' });
    expect(late.map(({ type, data }) => [type, data['charged']])).toEqual([
      ['conclave.turn.cancelled.v1', expect.objectContaining({ tokens: expect.any(Number) })],
    ]);
    expect((late[0]?.data['charged'] as { tokens: number }).tokens).toBeGreaterThan(0);
    expect(run.decision?.cost).toMatchObject({ calls: 3, unknownCalls: 1 });
    expect(await untilAborted(model)).toEqual({ calls: 1, aborted: 1 });
    expect(await brokenPromises(house, run)).toEqual([]);
  },
  runMs,
);
