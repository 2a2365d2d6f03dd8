import { expect, test } from '@jest/globals';

import { failures, failureTypes, isFailureType } from '../../domain/failures.ts';

test.each(failureTypes)('%s has a meaning and a status of an error', (type) => {
  const { meaning, status } = failures[type];

  expect(meaning).toMatch(/^[A-Z].*\.$/);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
});

test('retries what may pass by itself and nothing that the caller has to change', () => {
  const retried = failureTypes.filter((type) => failures[type].isRetried);

  expect(retried.every((type) => failures[type].status >= 500)).toBe(true);
  expect(retried).toEqual(
    expect.arrayContaining(['provider-unavailable', 'provider-limited', 'database-unavailable']),
  );
});

test('knows its own types and no others', () => {
  expect(isFailureType('not-found')).toBe(true);
  expect(['toString', 'Error', '', null, undefined, 4].some(isFailureType)).toBe(false);
});
