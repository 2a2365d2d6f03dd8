import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import { usualMemoryBytes } from '../../../../infra/sandbox/javascript/snippet-server.ts';

test('a thread makes itself ready for snippets of the usual memory', () => {
  expect(usualMemoryBytes).toBe(completeLimits({}).memoryBytes);
});
