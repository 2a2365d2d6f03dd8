import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Grant } from '../../../domain/sandbox/run.ts';
import { FolderUse } from '../../../infra/sandbox/folder-use.ts';
import { ownerFile, writeOwner } from '../../../infra/sandbox/slots.ts';

const DEAD = 2 ** 22 + 1; // beyond every number that a process has

let folder: string;
let engines: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-uses-'));
  engines = 0;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The uses of a further engine on the same folder, whose process is this one. */
function engine(): FolderUse {
  return new FolderUse(folder, engineFolder());
}

function engineFolder(): string {
  const own = join(folder, `host-${String(++engines)}`);
  mkdirSync(own);
  writeOwner(own, []);
  return own;
}

const grant = (host: string, mode: Grant['mode']): Grant => ({ host, path: '/work', mode });

describe.each(['the same engine', 'another engine'] as const)('of %s', (whose) => {
  /** Who asks after the first one has taken. */
  const asking = (first: FolderUse): FolderUse => (whose === 'the same engine' ? first : engine());

  test.each([
    ['write', 'write', 'writes to it'],
    ['write', 'copy', 'writes to it'],
    ['copy', 'write', 'has a copy of it'],
  ] as const)(
    'refuses, beside a %s, a %s of the folder, one above and one below',
    (has, asks, why) => {
      const first = engine();
      first.take([grant('/srv/a', has)]);
      const use = asking(first);

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
    const first = engine();
    first.take([grant('/srv/a', has)]);
    const use = asking(first);

    expect(use.take([grant('/srv/a', asks)]).kind).toBe('taken');
  });

  test('gives a folder beside another whose name only begins alike', () => {
    const first = engine();
    first.take([grant('/srv/a', 'write')]);
    const use = asking(first);

    expect(use.take([grant('/srv/ab', 'write')]).kind).toBe('taken');
  });

  test('gives a folder to write to once all who had copies have left', () => {
    const first = engine();
    const use = asking(first);
    const shared = [grant('/srv/a', 'copy')];
    const [one, other] = [first.take(shared), use.take(shared)];

    if (one.kind === 'taken') one.leave();
    const early = use.take([grant('/srv/a', 'write')]);
    if (other.kind === 'taken') other.leave();
    const late = use.take([grant('/srv/a', 'write')]);

    expect([early.kind, late.kind]).toEqual(['refused', 'taken']);
  });
});

test('lets go of folders whose engine has died', () => {
  const own = engineFolder();
  new FolderUse(folder, own).take([grant('/srv/a', 'write')]);
  writeFileSync(
    join(own, ownerFile),
    JSON.stringify({ pid: DEAD, identity: '', cgroupParents: [] }),
  );

  expect(engine().take([grant('/srv/a', 'write')]).kind).toBe('taken');
});

test('gives what it refused once to who comes next', () => {
  const [first, second, third] = [engine(), engine(), engine()];
  const taking = first.take([grant('/srv/a', 'write')]);
  second.take([grant('/srv/a', 'write'), grant('/srv/b', 'write')]);

  if (taking.kind === 'taken') taking.leave();

  expect(third.take([grant('/srv', 'write')]).kind).toBe('taken');
});

test('notes nothing where the others’ notes cannot be read', () => {
  const own = engineFolder();
  const use = new FolderUse(folder, own);
  const broken = join(engineFolder(), 'uses');
  mkdirSync(broken);
  writeFileSync(join(broken, 'note'), 'not JSON');

  expect(() => use.take([grant('/srv/a', 'write')])).toThrow('JSON');
  expect(readdirSync(join(own, 'uses'))).toEqual([]);
});
