import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { bundledWorkflows } from '../../workers/bundle.ts';

const bundleWithinMs = 120_000;

/** Every worker compiles it once, and every replay reads it. */
const bundleBytesMax = 832 * 1024;

describe('the bundle of the workflows', () => {
  let code: string;
  let modules: readonly string[];

  beforeAll(async () => {
    code = await readFile(await bundledWorkflows(), 'utf8');
    // The names that webpack gives its modules: without its source map, which quotes whole files.
    modules = [...code.matchAll(/^ {2}!\*\*\* (.+) \*\*\*!$/gm)].map(([, name = '']) => name);
  }, bundleWithinMs);

  test('holds the workflows and the domain', () => {
    expect(modules).toEqual(
      expect.arrayContaining(['./workflows/debate.ts', './domain/machines.ts']),
    );
  });

  test.each(['zod', 'ai', '@ai-sdk', 'canonicalize', '@temporalio/activity', '@temporalio/worker'])(
    'holds nothing of %s',
    (name) => {
      const inside = modules.filter((path) => path.includes(`node_modules/${name}/`));

      expect(inside).toEqual([]);
    },
  );

  test.each(['activities', 'infra', 'api', 'domain/prompts', 'domain/replies'])(
    'holds nothing of %s',
    (room) => {
      expect(modules.filter((path) => path.startsWith(`./${room}/`))).toEqual([]);
    },
  );

  test('holds and requires no module of Node', () => {
    // What is not a file of ours or of a package is a module of Node; Temporal leaves room for converters besides.
    const foreign = modules.filter((path) => !/^(\.\/|__temporal_custom_)/.test(path));
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name = '']) => name);

    expect(foreign).toEqual([]);
    expect(required).toEqual([]);
  });

  test('stays below its limit', () => {
    const [ours] = code.split('//# sourceMappingURL');

    expect(Buffer.byteLength(ours ?? '')).toBeLessThanOrEqual(bundleBytesMax);
  });
});
