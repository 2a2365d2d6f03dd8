import { expect, test } from '@jest/globals';

import type { Grant } from '../../../domain/sandbox/run.ts';
import { FolderUse } from '../../../infra/sandbox/folder-use.ts';

const grant = (host: string, mode: Grant['mode']): Grant => ({ host, path: '/work', mode });

test.each([
  ['write', 'write', 'writes to it'],
  ['write', 'copy', 'writes to it'],
  ['copy', 'write', 'has a copy of it'],
] as const)(
  'refuses, beside a %s, a %s of the folder, one above and one below',
  (has, asks, why) => {
    const use = new FolderUse();
    use.take([grant('/srv/a', has)]);

    for (const host of ['/srv/a', '/srv', '/srv/a/b']) {
      expect(use.take([grant(host, asks)])).toEqual({
        kind: 'refused',
        reason: `${host}: another run ${why}, expected one at a time`,
      });
    }
  },
);

test.each([
  ['copy', 'copy'],
  ['read', 'write'],
  ['write', 'read'],
] as const)('gives, beside a %s, a %s of the same folder', (has, asks) => {
  const use = new FolderUse();
  use.take([grant('/srv/a', has)]);

  expect(use.take([grant('/srv/a', asks)]).kind).toBe('taken');
});

test('gives a folder beside another whose name only begins alike', () => {
  const use = new FolderUse();
  use.take([grant('/srv/a', 'write')]);

  expect(use.take([grant('/srv/ab', 'write')]).kind).toBe('taken');
});

test('gives a folder to write to once all who had copies have left', () => {
  const use = new FolderUse();
  const shared = [grant('/srv/a', 'copy')];
  const [one, other] = [use.take(shared), use.take(shared)];

  if (one.kind === 'taken') one.leave();
  const early = use.take([grant('/srv/a', 'write')]);
  if (other.kind === 'taken') other.leave();
  const late = use.take([grant('/srv/a', 'write')]);

  expect([early.kind, late.kind]).toEqual(['refused', 'taken']);
});
