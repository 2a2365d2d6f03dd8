import { expect, test } from '@jest/globals';

import { createReconciler } from '../../api/starts/reconciler.ts';
import { createHouse } from './fake-house.ts';

const asking = {
  pattern: 'debate',
  question: 'Tabs or spaces?',
  options: ['tabs', 'spaces'],
  people: { questions: ['How old is the code?'] },
};

test('a run with questions starts with the time at which they were asked', async () => {
  const house = createHouse();

  const response = await house.post('/v1/collaborations', asking);

  expect(response.status).toBe(202);
  expect(house.started).toEqual([
    expect.objectContaining({ createdAt: '2026-11-21T09:00:00.000Z' }),
  ]);
});

test('the time of its questions has run on while it was queued', async () => {
  const house = createHouse();
  house.isEngineAway = true;
  await house.post('/v1/collaborations', asking);
  house.isEngineAway = false;
  house.nowMs += 60_000;
  const reconciler = createReconciler(house.deps, house.app.metrics);

  await reconciler.runOnce();
  await reconciler.stop();

  expect(house.started.at(-1)).toMatchObject({ createdAt: '2026-11-21T09:00:00.000Z' });
});
