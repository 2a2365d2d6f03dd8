import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, jest, test } from '@jest/globals';

import type { Sandbox } from '../../../../domain/sandbox/run.ts';
import { libraryFolder, ownPlace } from '../../../../infra/sandbox/javascript/engine-process.ts';
import { createJavascriptLane } from '../../../../infra/sandbox/javascript/javascript-lane.ts';
import { bareEngine } from '../../../support/sandbox/bare-engine.ts';
import { snippet, unprotected } from '../../../support/sandbox/snippets.ts';

jest.setTimeout(30_000);

let lane: Sandbox;
let folder = '';

afterEach(async () => {
  await lane.close();
  await rm(folder, { recursive: true, force: true });
});

/** Copies the engine, and nothing else, into a folder of its own. */
async function copiedEngine(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'conclave-engine-'));
  const program = join(folder, 'program');
  await mkdir(join(folder, 'node_modules'));
  await cp(ownPlace.folder, program, { recursive: true });
  await cp(libraryFolder(), join(folder, 'node_modules', 'quickjs-wasi'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return program;
}

test('an engine needs only its own folder and quickjs-wasi, and once it runs not even those', async () => {
  const program = await copiedEngine();
  let engines = 0;
  lane = createJavascriptLane({
    spawnEngine: (slots) => {
      engines += 1;
      return bareEngine(slots, { ...ownPlace, folder: program });
    },
    backend: unprotected,
    slots: 1,
  });
  const first = await lane.run(snippet('const n: number = 1; n'));

  await rm(folder, { recursive: true });

  const results = [];
  // More than the threads it has, each of which is lost to its run.
  for (let round = 0; round < 3; round++) {
    results.push(
      await lane.run(snippet('Array(2 ** 31).join("a")', { limits: { timeMs: 50 } })),
      await lane.run(snippet(`enum Round { Now = ${String(round)} } Round.Now`)),
    );
  }
  expect(first.value).toBe('1');
  expect(results.map(({ status }) => status)).toEqual(
    Array.from({ length: 3 }, () => ['timeout', 'ok']).flat(),
  );
  expect(engines).toBe(1);
});
