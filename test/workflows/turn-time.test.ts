import { expect, test } from '@jest/globals';

import { commandTimeMsMax } from '../../domain/commands/command-settings.ts';
import { turnTimeMs } from '../../workflows/activity-proxies.ts';

const agents = ['its own', 'its fallback'];
const calls = ['the first', 'the repair'];
const phases = ['copies', 'the program', 'changes'];

test('a turn has time for everything that programs may take', () => {
  const longestMs = agents.length * calls.length * phases.length * commandTimeMsMax;

  expect(turnTimeMs).toBeGreaterThan(longestMs);
});
