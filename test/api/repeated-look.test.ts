import { describe, expect, jest, test } from '@jest/globals';

import { lookRepeatedly, sweepingLook } from '../../api/repeated-look.ts';
import { createHouse } from './fake-house.ts';

const restMs = { afterLoss: 20_000, usual: 600_000 };
const lookEveryMs = 2000;

describe('a sweep', () => {
  /** Answers what each look made of it: whether it swept, and as after a loss. */
  async function sweeping(
    steps: readonly ((house: ReturnType<typeof createHouse>) => void)[],
    isWhole: () => boolean = () => true,
  ): Promise<(readonly boolean[])[]> {
    const house = createHouse();
    let swept: boolean[] = [];
    const look = sweepingLook(house.deps, {
      restMs,
      sweep: (isAfterLoss) => {
        swept.push(isAfterLoss);
        return Promise.resolve(isWhole());
      },
    });
    const looks: boolean[][] = [];
    for (const step of steps) {
      swept = [];
      step(house);
      await look(new AbortController().signal);
      looks.push(swept);
    }
    return looks;
  }
  const nothing = (): void => undefined;
  const after =
    (ms: number) =>
    (house: ReturnType<typeof createHouse>): void => {
      house.nowMs += ms;
    };

  test('rests, for longer from the second time on', async () => {
    const looks = await sweeping([
      nothing,
      after(restMs.afterLoss - 1),
      after(1),
      after(restMs.usual - 1),
      after(1),
    ]);

    expect(looks).toEqual([[true], [], [false], [], [false]]);
  });

  test('comes at once with another database, and when Temporal is back', async () => {
    const engineIs =
      (isAway: boolean) =>
      (house: ReturnType<typeof createHouse>): void => {
        house.isEngineAway = isAway;
      };

    const looks = await sweeping([
      nothing,
      (house) => (house.incarnation = 'second'),
      engineIs(true),
      engineIs(false),
      nothing,
    ]);

    expect(looks).toEqual([[true], [true], [], [true], []]);
  });

  test('that did not come to its end comes again with the next look', async () => {
    let sweeps = 0;

    const looks = await sweeping([nothing, nothing, nothing], () => (sweeps += 1) > 1);

    expect(looks).toEqual([[true], [true], []]);
  });
});

describe('a repeated look', () => {
  test('is at once, again and again, one at a time, whatever became of the last', async () => {
    jest.useFakeTimers();
    const faults: unknown[] = [];
    let looks = 0;
    const repeated = lookRepeatedly(
      () => Promise.reject(new Error(`look ${String((looks += 1))}`)),
      (err) => faults.push(err),
    );

    await Promise.all([repeated.runOnce(), repeated.runOnce()]);
    const first = looks;
    await jest.advanceTimersByTimeAsync(lookEveryMs);
    await repeated.stop();
    await jest.advanceTimersByTimeAsync(10 * lookEveryMs);
    jest.useRealTimers();

    expect([first, looks]).toEqual([1, 2]);
    expect(faults).toEqual([new Error('look 1'), new Error('look 2')]);
  });

  test('ends early when it is stopped, and is waited for', async () => {
    let ended = false;
    const repeated = lookRepeatedly(
      async (signal) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        ended = true;
      },
      () => undefined,
    );

    await repeated.stop();

    expect(ended).toBe(true);
  });
});
