import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { inspectAdapters } from '../../../infra/adapters/adapter-inspection.ts';
import { loadAdapters } from '../../../infra/adapters/adapter-loading.ts';

const parley = resolve('docs/examples/own-adapter/parley.ts');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-adapters-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes a module and gives its path. */
function moduleOf(name: string, code: string): string {
  const path = join(folder, name);
  writeFileSync(path, code);
  return path;
}

const adapterText = (fields: string): string => `export const adapter = {
  contract: 1, name: 'parley', version: '2', baseUrl: null, ask: async () => undefined,
  capabilities: { streaming: true, structuredOutput: true, vision: true, systemPrompt: true, promptCaching: true },
  ${fields}
};`;

describe('loading adapters', () => {
  test('gives each with what it says of itself and where it came from', async () => {
    const loaded = await loadAdapters([parley]);

    expect(loaded).toMatchObject({
      ok: true,
      adapters: [
        {
          module: parley,
          adapter: { name: 'parley' },
          description: { name: 'parley', version: '1.0.0', contract: 1, baseUrl: null },
        },
      ],
    });
  });

  test('tells every fault of every module, each with module, what was found and what was expected', async () => {
    const later = moduleOf('later.mjs', adapterText('contract: 2'));
    const taken = moduleOf('taken.mjs', adapterText("name: 'mistral', ask: 'later'"));
    const thrown = moduleOf('thrown.mjs', "throw new TypeError('no licence\\nfound');");
    const odd = moduleOf('odd.mjs', "throw 'no error';");
    const typo = moduleOf('typo.mjs', 'export const adapter = {;');
    const missing = join(folder, 'missing.mjs');

    const loaded = await loadAdapters([later, taken, thrown, odd, typo, missing]);

    const faults = loaded.ok ? [] : loaded.faults;
    expect(faults).toEqual([
      `${later}: contract: got 2, expected 1`,
      `${taken}: name: got "mistral", expected a name that no provider has`,
      `${taken}: ask: got "later", expected a function`,
      `${thrown}: got TypeError: no licence, expected a module that loads`,
      `${odd}: got something thrown that is no error, expected a module that loads`,
      expect.stringMatching(/typo\.mjs: got SyntaxError: .*, expected a module that loads$/),
      expect.stringMatching(/missing\.mjs: got \w*Error: .*, expected a module that loads$/),
    ]);
  });

  test('refuses a second adapter of one name', async () => {
    const second = moduleOf('second.mjs', adapterText(''));

    expect(await loadAdapters([parley, second])).toEqual({
      ok: false,
      faults: [`${second}: name: got "parley", expected one that ${parley} has not taken`],
    });
  });
});

describe('inspecting adapters', () => {
  test('needs nothing where there are none', async () => {
    expect(await inspectAdapters([])).toEqual({ ok: true, adapters: [] });
  });

  test('is not kept by what a module keeps running', async () => {
    const busy = moduleOf('busy.mjs', `setInterval(() => undefined, 1000); ${adapterText('')}`);

    expect(await inspectAdapters([busy])).toMatchObject({
      ok: true,
      adapters: [{ module: busy, description: { version: '2' } }],
    });
  });

  test('tells of a module that ends the process it is in', async () => {
    const ending = moduleOf('ending.mjs', 'process.exit(3);');

    expect(await inspectAdapters([ending])).toEqual({
      ok: false,
      faults: [`${ending}: got an end with code 3, expected modules that load`],
    });
  });
});
