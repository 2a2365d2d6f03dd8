import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import type { SandboxLimits } from '../../../../domain/sandbox/limits.ts';
import type { Sandbox, SandboxResult, SandboxStatus } from '../../../../domain/sandbox/run.ts';
import { createJavascriptLane } from '../../../../infra/sandbox/javascript/javascript-lane.ts';
import { bareEngine } from '../../../support/sandbox/bare-engine.ts';
import { snippet, unprotected } from '../../../support/sandbox/snippets.ts';

// The engine starts within the first of them, on a machine that may be busy.
jest.setTimeout(30_000);

let lane: Sandbox;

beforeAll(() => {
  lane = createJavascriptLane({ spawnEngine: bareEngine, backend: unprotected, slots: 1 });
});

afterAll(() => lane.close());

async function valueOf(code: string): Promise<unknown> {
  const { status, reason, value } = await lane.run(snippet(code));
  expect({ status, reason }).toEqual({ status: 'ok', reason: '' });
  return JSON.parse(value ?? 'null');
}

/** Everything that a run says about itself, but for how long it took. */
function told(result: SandboxResult): SandboxResult {
  return { ...result, durationMs: 0 };
}

describe('the same snippet, seed and fuel give the same', () => {
  const code = `
    const made = { now: Date.now(), at: new Date().toISOString(), ticks: performance.now() };
    const chance = [Math.random(), Math.random(), Math.random()];
    let sum = 0;
    for (let i = 0; i < 30_000; i++) sum += Math.sin(i);
    console.log(sum);
    ({ made, chance, zone: new Date().getTimezoneOffset() })`;
  const usual = { fuel: 1000 };

  test.each<[string, SandboxStatus, string, Partial<SandboxLimits>]>([
    ['where it ends well', 'ok', code, usual],
    [
      'where fuel ends it',
      'fuel',
      `${code}; let n = 0; for (;;) if (n++ % 1000 === 0) console.log(n)`,
      { fuel: 9 },
    ],
    [
      'where memory ends it',
      'memory',
      'const a = []; for (;;) a.push({ a })',
      { memoryBytes: 8 * 1024 ** 2 },
    ],
    [
      'where output ends it',
      'output',
      'for (let n = 0; ; n++) console.log(n, Math.random())',
      { outputBytes: 5000 },
    ],
    [
      'where the stack ends it',
      'error',
      'let n = 0; const f = () => { console.log(n++); f(); }; f()',
      usual,
    ],
  ])('%s', async (_where, status, same, limits) => {
    const other = createJavascriptLane({ spawnEngine: bareEngine, backend: unprotected });

    const results = [
      await lane.run(snippet(same, { limits })),
      await lane.run(snippet(same, { limits })),
      await other.run(snippet(same, { limits })),
    ].map(told);
    await other.close();

    expect(results[0]?.status).toBe(status);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('where the engine instance was made for the run, and where it had been waiting', async () => {
    const mib = 1024 ** 2;

    // A thread has one waiting with as much memory as its last run had.
    const results = [];
    for (const memoryBytes of [32 * mib, 32 * mib, 32 * mib, 48 * mib, 32 * mib]) {
      results.push(told(await lane.run(snippet(code, { limits: { ...usual, memoryBytes } }))));
    }

    expect(results[0]).toMatchObject({ status: 'ok', reason: '' });
    expect(new Set(results.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test('on any machine', async () => {
    const { value, fuelUsed } = await lane.run(
      snippet('[Date.now(), performance.now(), Math.random(), Math.random()]', { seed: 'bench' }),
    );

    expect(JSON.parse(value ?? '')).toEqual([
      1757022022782, 0, 0.15144413971198056, 0.8783105656937009,
    ]);
    expect(fuelUsed).toBe(1);
  });

  test('and another seed another clock and other chance', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((seed) => lane.run(snippet('[Date.now(), Math.random()]', { seed }))),
    );

    const [now, chance] = JSON.parse(one?.value ?? '') as [number, number];
    const [otherNow, otherChance] = JSON.parse(two?.value ?? '') as [number, number];
    expect(now).not.toBe(otherNow);
    expect(chance).not.toBe(otherChance);
    expect(new Date(now).getUTCFullYear()).toBe(2025);
  });
});

describe('nothing of the host is within reach', () => {
  test('no global beyond those of the language', async () => {
    const names = (await valueOf('Object.getOwnPropertyNames(globalThis)')) as string[];

    const own = names.filter((name) => !Object.getOwnPropertyNames(globalThis).includes(name));
    expect(own.sort()).toEqual(['InternalError', 'input', 'output']);
  });

  test.each(
    [
      'process',
      'require',
      'module',
      'fetch',
      'WebAssembly',
      'Worker',
      'setTimeout',
      'std',
      'os',
      'bjson',
      'print',
      'scriptArgs',
      'Deno',
      'Bun',
      'Buffer',
      'global',
      'window',
      'self',
      'navigator',
      'Atomics',
      'SharedArrayBufferOfHost',
      'send',
      'fail',
    ].map((name) => [name]),
  )('not %s', async (name) => {
    expect(await valueOf(`typeof ${name}`)).toBe('undefined');
  });

  test.each([
    ['a constructor of a function', '(() => 1).constructor.constructor("return typeof process")()'],
    [
      'a constructor of an async function',
      'await (async () => 1).constructor("return typeof process")()',
    ],
    ['a constructor of the console', 'console.log.constructor("return typeof process")()'],
    [
      'a constructor of the function output',
      'output.constructor("return this.process === undefined ? typeof require : 1")()',
    ],
    ['indirect evaluation', '(0, eval)("typeof process")'],
    [
      'the caller of a getter',
      'let seen = "undefined"; output({ toJSON() { try { seen = typeof output.caller?.constructor("return process")() } catch {} return 1 } }); output(seen)',
    ],
    [
      'frames of the stack',
      `
      Error.prepareStackTrace = (_error, frames) => frames.map((frame) => frame.getFunction?.());
      let functions = [];
      output({ toJSON() { functions = new Error().stack; return 1; } });
      const called = functions.map((each) => each.constructor("return typeof process")());
      output([...new Set(await Promise.all(called))].join())`,
    ],
  ])('not by %s', async (_what, code) => {
    expect(await valueOf(code)).toBe('undefined');
  });

  test.each([
    'import("node:fs")',
    'import("fs")',
    'import("./snippet.ts")',
    'import("file:///etc/passwd")',
  ])('not by %s', async (code) => {
    const { status, reason } = await lane.run(snippet(`await ${code}`));

    expect(status).toBe('error');
    expect(reason).toMatch(/could not load module/);
  });

  test('not the environment of the engine', async () => {
    const { value, stdout, stderr } = await lane.run(
      snippet(
        'JSON.stringify(Object.getOwnPropertyNames(globalThis).map((name) => [name, String(globalThis[name])]))',
      ),
    );

    expect(value).not.toBeNull();
    expect(`${value ?? ''}${stdout}${stderr}`).not.toContain('canary');
  });
});

describe('a run leaves nothing to the next', () => {
  test('no global', async () => {
    // More than the threads there are.
    for (let round = 0; round < 5; round++) {
      expect(await valueOf('const was = typeof left; globalThis.left = 1; was')).toBe('undefined');
    }
  });

  test('no change of a prototype', async () => {
    await valueOf(
      'Object.prototype.polluted = 1; Array.prototype.map = () => "mine"; [].map(() => 1)',
    );

    expect(await valueOf('[{}.polluted === undefined, [1].map((n) => n + 1)]')).toEqual([
      true,
      [2],
    ]);
  });

  test('and what it changes of the built-ins does not change how its own result is read', async () => {
    const value = await valueOf(`
      Promise.prototype.then = () => { throw 1 };
      JSON.stringify = () => '"mine"';
      String.prototype.slice = () => 'mine';
      Array.prototype[Symbol.iterator] = function* () { yield 'mine'; };
      Reflect.apply = Function.prototype.call = () => 'mine';
      console.log('x'.repeat(20000));
      ({ ok: true })`);

    expect(value).toEqual({ ok: true });
  });
});
