import { describe, expect, test } from '@jest/globals';

import { createSandboxKeeper } from '../../api/sandbox/sandbox-keeper.ts';
import { createHouse, type House } from './fake-house.ts';
import { endsWith, longAgoMs, path, started } from './sandbox-house.ts';

describe('whoever looks after open runs', () => {
  async function looked(house: House): Promise<void> {
    const keeper = createSandboxKeeper(house.deps);
    await keeper.runOnce();
    await keeper.stop();
  }

  test('ends one whose workflow was ended from outside', async () => {
    const house = createHouse();
    const id = await started(house);
    house.sandboxClosed.add(id);
    house.nowMs += longAgoMs;

    await looked(house);

    const run: unknown = await (await house.request(`${path}/${id}`)).json();
    expect(run).toMatchObject({
      status: 'failed',
      result: { reason: expect.stringContaining('from outside') },
    });
  });

  test('leaves alone what is on its way, what has ended, and everything while Temporal is away', async () => {
    const house = createHouse();
    const done = await started(house);
    await endsWith(house, done);
    house.nowMs += longAgoMs;
    await started(house);
    house.sandboxStarted.length = 0;

    await looked(house);
    expect(house.sandboxStarted).toEqual([]);

    house.nowMs += longAgoMs;
    house.isEngineAway = true;
    await looked(house);
    expect(house.sandboxStarted).toEqual([]);
  });
});
