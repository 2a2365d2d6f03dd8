import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { cacheFolder, toolSearch } from '../../../infra/stack/tool-sources.ts';
import { TEMPORAL } from '../../../infra/stack/tools.ts';
import type { ToolSearch } from '../../../infra/stack/tools.ts';

let base: string;
let lock: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'conclave-tools-'));
  mkdirSync(cacheFolder({ XDG_CACHE_HOME: base }), { recursive: true });
  lock = join(cacheFolder({ XDG_CACHE_HOME: base }), `temporal-${TEMPORAL.release}.lock`);
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** A search on a machine without tools, told to end: whatever would go out or take time ends at once. */
function endedSearch(): ToolSearch {
  const report = (): undefined => undefined;
  const env = { XDG_CACHE_HOME: base, PATH: join(base, 'nothing') };
  return toolSearch(TEMPORAL, { explicit: undefined, env, report, signal: AbortSignal.abort() });
}

describe('getting a tool', () => {
  test('passes by a lock whose writer died before it had written its name', async () => {
    writeFileSync(lock, '');
    utimesSync(lock, new Date(0), new Date(0));

    expect(await endedSearch().download()).toContain('abort');

    expect(readdirSync(cacheFolder({ XDG_CACHE_HOME: base }))).toEqual([]);
  });

  test('waits for another process no longer than the start itself', async () => {
    writeFileSync(lock, String(process.pid));

    expect(await endedSearch().build()).toContain('abort');

    expect(readdirSync(cacheFolder({ XDG_CACHE_HOME: base }))).toHaveLength(1);
  });
});
