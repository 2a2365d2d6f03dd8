import { expect, test } from '@jest/globals';

import { collaborationIdPattern, createCollaborationId } from '../../api/collaboration-id.ts';
import { decodeCursor, encodeCursor } from '../../api/list-cursor.ts';
import { isCollaborationId } from '../../api/schemas/parameters.ts';

test('ids sort by time', () => {
  const times = [0, 1, 31, 32, 1_763_712_000_000, 1_763_712_000_001, 2 ** 48 - 1];

  const ids = times.map(createCollaborationId);

  expect([...ids].sort()).toEqual(ids);
});

test('ids of one moment differ and have the shape that paths accept', () => {
  const ids = Array.from({ length: 1000 }, () => createCollaborationId(1_763_712_000_000));

  expect(new Set(ids).size).toBe(1000);
  expect(ids.filter((id) => !collaborationIdPattern.test(id))).toEqual([]);
});

test('a cursor comes back as the position it was made of', () => {
  const createdAt = '2026-11-21T09:00:00.000Z';
  const position = { createdAt, id: createCollaborationId(Date.parse(createdAt)) };

  expect(decodeCursor(encodeCursor(position), isCollaborationId)).toEqual(position);
});
