import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';
import { ScriptedProvider } from './scripted-provider.ts';

let house: House;
const runMs = 90_000;
/** `PendingActivityState` of a call that waits for its next try. */
const scheduled = 1;
const secondTry = 2;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

async function untilWaitingAfter(id: string, attempt: number): Promise<void> {
  await untilSeen(
    async () => {
      const { raw } = await house.workflow('consensus', id).describe();
      return (raw.pendingActivities ?? []).map((call) => [Number(call.state), call.attempt ?? 0]);
    },
    (calls) => calls.some(([state = 0, tries = 0]) => state === scheduled && tries > attempt),
  );
}

test(
  'a call that was cut off is in the cost, though its turn is cancelled while it waits for the next try',
  async () => {
    // The second try costs nothing, and says to wait for longer than anybody does here.
    const answers = [{ isLost: true }, { status: 429, headers: { 'retry-after': '60' } }];
    const provider = await ScriptedProvider.start(() => answers.shift() ?? {});
    const [unlucky = ''] = await house.agentsOf(provider, ['sim-cy']);
    const id = await house.start({
      pattern: 'consensus',
      question: 'Which store?',
      options: ['Postgres', 'SQLite'],
      participants: ['sim-ada', 'sim-bo', unlucky],
      endsEarly: false,
    });
    await untilWaitingAfter(id, secondTry);

    await house.steer(id, 'close', { scope: 'run' });
    const run = await house.ended(id);
    await provider.close();

    const ends = (await house.events(id)).filter(({ data }) => data['seat'] === 's3');
    expect(provider.asked).toHaveLength(secondTry);
    expect(ends).toMatchObject([
      {
        type: 'conclave.turn.cancelled.v1',
        source: `/collaborations/${id}/sealing`,
        data: { microsUsd: null, charged: { tokens: expect.any(Number) } },
      },
    ]);
    expect(run.decision).toMatchObject({ kind: 'decided', cost: { calls: 3, unknownCalls: 1 } });
    expect(await brokenPromises(house, run)).toEqual([]);
  },
  runMs,
);
