import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { importMemory, keepExports } from '../../../../infra/sandbox/javascript/wasm-memory.ts';

const quickjs = readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const noImports = [2, 1, 0];
const onePage = [5, 3, 1, 0, 1];

describe('a module', () => {
  test('compiles after its memory has become an import, and its exports stay', async () => {
    const { bytes, initialPages } = importMemory(quickjs);

    const before = await WebAssembly.compile(new Uint8Array(quickjs));
    const after = await WebAssembly.compile(bytes);
    expect(initialPages).toBe(18);
    expect(WebAssembly.Module.exports(after)).toEqual(WebAssembly.Module.exports(before));
    expect(WebAssembly.Module.imports(after)).toEqual([
      ...WebAssembly.Module.imports(before),
      { module: 'wasi_snapshot_preview1', name: 'memory', kind: 'memory' },
    ]);
  });

  test('keeps the exports that are used, and nothing else is changed', async () => {
    const before = await WebAssembly.compile(new Uint8Array(quickjs));
    const after = await WebAssembly.compile(keepExports(quickjs, (name) => name === 'memory'));

    expect(WebAssembly.Module.exports(before).length).toBeGreaterThan(1);
    expect(WebAssembly.Module.exports(after)).toEqual([{ name: 'memory', kind: 'memory' }]);
    expect(WebAssembly.Module.imports(after)).toEqual(WebAssembly.Module.imports(before));
    expect(keepExports(quickjs, () => true)).toEqual(new Uint8Array(quickjs));
  });

  test.each([
    ['without memory', [...header, ...noImports], 'got no memory'],
    ['without imports', [...header, ...onePage], 'got no imports'],
    ['with two memories', [...header, ...noImports, 5, 5, 2, 0, 1, 0, 1], 'got 2 memories'],
    ['that is cut short', [...header, 2, 9, 0], 'ends beyond the file'],
    ['with a length without end', [...header, 2, 0x80, 0x80, 0x80, 0x80, 0x80], 'got no number'],
  ])('%s is refused', (_what, bytes, reason) => {
    expect(() => importMemory(Uint8Array.from(bytes))).toThrow(reason);
  });
});
