import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import { createTurns } from '../../../infra/sandbox/turns.ts';

test('lets one begin in each turn, in the order in which they came', async () => {
  const turns = createTurns();
  const begun: string[] = [];
  const all = ['a', 'b', 'c'].map(async (name) => {
    await turns();
    begun.push(name);
  });
  const seen: number[] = [];

  for (let turn = 0; turn < 20 && begun.length < all.length; turn += 1) {
    await nextTurn();
    seen.push(begun.length);
  }
  await Promise.all(all);

  expect(begun).toEqual(['a', 'b', 'c']);
  expect(seen.map((count, index) => count - (seen[index - 1] ?? 0))).not.toContain(2);
  expect(seen.map((count, index) => count - (seen[index - 1] ?? 0))).not.toContain(3);
});
