import { expect, test } from '@jest/globals';

import { debate } from '../../domain/debate/debate.ts';
import { createRun } from '../../workflows/run.ts';
import { asking } from '../domain/approvals/people.ts';

const plan = asking({ points: ['start'], questions: 2 });
const input = { tenantId: 'local', collaborationId: 'c_1', plan };
const createdAt = '2026-11-21T09:00:00.000Z';

test('the time of questions at the start runs from when the run was asked for', () => {
  const { requestedAt } = createRun({ ...input, createdAt }, debate);

  expect(requestedAt).toEqual({
    'question-1': Date.parse(createdAt),
    'question-2': Date.parse(createdAt),
  });
});

test('it is not known where the start does not say', () => {
  expect(createRun(input, debate).requestedAt).toEqual({});
});
