import { describe, expect, test } from '@jest/globals';

import { isFlip } from '../../../domain/collaboration/flip.ts';

describe('a flip', () => {
  const single = (option: string) => ({ kind: 'single', option }) as const;
  const rank = (...options: string[]) => ({ kind: 'rank', options }) as const;
  const approve = (...options: string[]) => ({ kind: 'approve', options }) as const;
  const abstain = { kind: 'abstain', reason: 'empty' } as const;

  test.each([
    [single('o1'), single('o2'), true],
    [single('o1'), single('o1'), false],
    [rank('o1', 'o2'), rank('o1', 'o3'), false],
    [rank('o1', 'o2'), rank('o2', 'o1'), true],
    [approve('o1', 'o2'), approve('o2', 'o1'), false],
    [approve('o1'), approve('o1', 'o2'), true],
    [null, single('o1'), false],
    [abstain, single('o1'), false],
    [single('o1'), abstain, false],
  ])('from %j to %j: %p', (before, after, expected) => {
    expect(isFlip(before, after)).toBe(expected);
  });

  test('is none between answers that stand for each other', () => {
    expect(isFlip(single('a1'), single('a2'), { a2: 'a1' })).toBe(false);
  });
});
