import { expect, test } from '@jest/globals';

import { eventTypes } from '../../../domain/ledger/event-types.ts';
import { sampleEvents } from './sample-run.ts';

test('the list of types has every type of a run, each once', () => {
  const used = sampleEvents().map(({ type }) => type);

  expect(used.filter((type) => !eventTypes.includes(type))).toEqual([]);
  expect(new Set(eventTypes).size).toBe(eventTypes.length);
  expect(eventTypes.every((type) => /^conclave\.[a-z]+\.[a-z]+\.v1$/.test(type))).toBe(true);
});
