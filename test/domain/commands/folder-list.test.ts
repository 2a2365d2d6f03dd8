import { expect, test } from '@jest/globals';

import { isInFolders } from '../../../domain/commands/folder-list.ts';

test('a path is in a folder that it is, or that it lies in', () => {
  const isListed = isInFolders(['/srv/agents', '/opt']);

  expect(['/srv/agents', '/srv/agents/a/b', '/opt/x'].every(isListed)).toBe(true);
  expect(['/srv', '/srv/agents2', '/', '/srv/agent'].some(isListed)).toBe(false);
});
